import { one } from '../../worker/src/one.ts';
export const two = one + 1;
