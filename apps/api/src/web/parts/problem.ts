import { type Html, html } from './html.ts';

/** An error as it is told everywhere: what is wrong, what to do, and its code. */
export type Problem = { readonly code: string; readonly message: string; readonly hint?: string | undefined };

/** Tells an error on a page. */
export function problemBox({ code, message, hint }: Problem): Html {
  return html`<div class="problem" role="alert">
      <p><strong>${message}</strong></p>
      ${hint === undefined ? '' : html`<p>${hint}</p>`}
      <p><code>${code}</code></p>
    </div>`;
}

/** Says why something is not offered. @param may what the key would let do, e.g. `restore` */
export function missingScope(scope: string, may: string): Html {
  return html`<p class="muted">Your API key does not let you ${may}: it lacks the scope <code>${scope}</code>.</p>`;
}
