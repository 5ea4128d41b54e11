import { html } from 'hono/html';

/** A piece of a page: every value in it was escaped. */
export type Html = ReturnType<typeof html>;

export { html };
