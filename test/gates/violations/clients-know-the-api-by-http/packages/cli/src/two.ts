import { one } from '../../../apps/api/src/one.ts';
export const two = one + 1;
