import { one } from './drivers/runtime/local-runtime.ts';
export const two = one + 1;
