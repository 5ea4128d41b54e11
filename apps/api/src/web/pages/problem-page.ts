import type { AppError } from '@wcr/shared/errors/app-error';
import { frame, type Viewer } from '../parts/frame.ts';
import { type Html, html } from '../parts/html.ts';
import { problemBox } from '../parts/problem.ts';

/** Who is told, as far as it is known. */
export type Reader = {
  readonly viewer: Viewer | undefined;
  /** Of the session, if there is one. */
  readonly formToken: string | undefined;
  readonly requestId: string;
};

const TITLES: Readonly<Record<number, string>> = {
  403: 'Not allowed',
  404: 'Not found',
  429: 'Too much at once',
  503: 'Not available right now',
};

/** Says what went wrong where there is nothing else to show. */
export function problemPage(error: AppError, { viewer, formToken, requestId }: Reader): Html {
  const title = TITLES[error.status] ?? 'That did not work';
  return frame(
    { title, viewer },
    html`<h1>${title}</h1>
      ${problemBox(error)}
      <p class="muted">Request <code>${requestId}</code></p>
      <p><a class="button" href="/">To the start</a></p>
      ${viewer === undefined && formToken !== undefined ? signOut(formToken) : ''}`,
  );
}

/** Elsewhere the head of the page has it. */
function signOut(formToken: string): Html {
  return html`<form method="post" action="/sign-out">
      <input type="hidden" name="token" value="${formToken}">
      <button class="quiet">Sign out</button>
    </form>`;
}
