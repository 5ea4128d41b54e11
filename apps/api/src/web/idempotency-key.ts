import type { Typed } from './form.ts';

const FORM_KEY = /^[0-9a-f-]{36}$/;

/** The key that a form carries, so that sending it twice does it once; undefined when somebody has changed it. */
export function idempotencyKeyOf({ idempotencyKey = '' }: Typed): string | undefined {
  return FORM_KEY.test(idempotencyKey) ? `web-${idempotencyKey}` : undefined;
}
