import { one } from '../drivers/runtime/one.ts';
export const two = one + 1;
