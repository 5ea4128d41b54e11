import { one } from '@wcr/worker/one';
export const two = one + 1;
