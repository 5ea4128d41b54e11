import { type Caller, hasScope } from '../../access/api-keys.ts';
import { type Html, html } from './html.ts';

/** Who looks at a page, and what the page has to know for that. */
export type Viewer = {
  readonly caller: Caller;
  /** Goes into each form. */
  readonly formToken: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whether there is a board of queues, and a web page. */
  readonly hasBoard: boolean;
  readonly hasWebPage: boolean;
};

type Page = {
  readonly title: string;
  /** Absent before signing in. */
  readonly viewer?: Viewer | undefined;
  /** Something on it goes on by itself: without script the browser loads it again from time to time. */
  readonly isLive?: boolean;
  /** What has just been done. */
  readonly notice?: string | undefined;
};

/** What may be told at the top of a page after a form was sent; its address names the key. */
const NOTICES: Readonly<Record<string, string>> = {
  extended: 'The clone has a new expiry.',
  deleting: 'The clone is going; everything that belonged to it goes with it.',
  cancelling: 'The job will end as soon as its worker has cleaned up.',
  retried: 'The job is queued again.',
  'rolling-back': 'The rollback is queued.',
};

/** A whole page around its content. */
export function frame({ title, viewer, isLive, notice }: Page, content: Html): Html {
  const told = notice !== undefined && Object.hasOwn(NOTICES, notice) ? NOTICES[notice] : undefined;
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <meta name="color-scheme" content="light dark">
    <title>${title} · wp-clone-restore</title>
    <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/assets/style.css">
    <script src="/assets/live.js" defer></script>
    ${isLive ? html`<noscript><meta http-equiv="refresh" content="5"></noscript>` : ''}
  </head>
  <body>
    <a class="skip" href="#content">To the content</a>
    ${viewer === undefined ? '' : header(viewer)}
    <main id="content" class="${viewer === undefined ? 'narrow' : ''}">
      ${told === undefined ? '' : html`<p class="notice" role="status">${told}</p>`}
      ${content}
    </main>
  </body>
</html>`;
}

function header({ caller, formToken, hasBoard, hasWebPage }: Viewer): Html {
  return html`<header class="top">
      <a class="brand" href="/"><img src="/assets/icon.svg" alt="" width="28" height="28"> wp-clone-restore</a>
      <nav aria-label="Main">
        ${hasWebPage ? html`<a class="nav-link" href="/">Clones</a>` : ''}
        ${hasBoard && hasScope(caller, 'queues:read') ? html`<a class="nav-link" href="/admin/queues">Queues</a>` : ''}
        <a class="nav-link" href="/docs">API</a>
      </nav>
      <form class="session" method="post" action="/sign-out">
        <input type="hidden" name="token" value="${formToken}">
        <a class="nav-link" href="/sign-in" title="Your session">${caller.name}</a>
        <button class="quiet">Sign out</button>
      </form>
    </header>`;
}
