import { one } from '../jobs/one.ts';
export const two = one + 1;
