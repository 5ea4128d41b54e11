import { one } from './one.test.ts';
export const two = one + 1;
