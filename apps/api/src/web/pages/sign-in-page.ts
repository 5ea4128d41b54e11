import { hasScope } from '../../access/api-keys.ts';
import { frame, type Viewer } from '../parts/frame.ts';
import { type Html, html } from '../parts/html.ts';
import { type Problem, problemBox } from '../parts/problem.ts';

/**
 * Asks for an API key.
 * @param next where to go then, a path of this server; at the board of queues one may want to act
 * @param problem why the last one did not do
 */
export function signInPage(next: string, problem?: Problem): Html {
  const forBoard = next.startsWith('/admin/');
  return frame(
    { title: 'Sign in' },
    html`<div class="card sign-in">
        <img src="/assets/icon.svg" alt="" width="48" height="48">
        <h1>${forBoard ? 'Sign in to the queues' : 'Sign in'}</h1>
        <p class="muted">Clone a live WordPress, try things out in the copy, and put your changes back.</p>
        ${problem === undefined ? '' : problemBox(problem)}
        <form method="post" action="/sign-in">
          <input type="hidden" name="next" value="${next}">
          <div class="field">
            <label for="key">API key</label>
            <input id="key" name="key" type="password" required autofocus autocomplete="current-password" maxlength="256" aria-describedby="key-hint">
            <p class="hint" id="key-hint">Your operator makes it; on your own machine it is in <code>.local/api-key</code>.</p>
          </div>
          ${forBoard ? writeBox() : ''}
          <button class="primary">Sign in</button>
        </form>
      </div>
      <p class="muted centred"><a href="/docs">API reference</a></p>`,
  );
}

/** Says who is signed in. @param wantsWrite whether to act at the board of queues, as was asked for */
export function sessionPage(viewer: Viewer, wantsWrite: boolean): Html {
  const { caller, hasBoard, hasWebPage } = viewer;
  const scopes = caller.scopes.length === 0 ? 'nothing' : caller.scopes.join(', ');
  return frame(
    { title: 'Your session', viewer },
    html`<h1>Your session</h1>
      <dl class="facts card medium">
        <div><dt>Signed in as</dt><dd>${caller.name}</dd></div>
        <div><dt>The key may do</dt><dd>${scopes}</dd></div>
        ${hasBoard && hasScope(caller, 'queues:read') ? atBoard(wantsWrite && hasScope(caller, 'queues:write')) : ''}
      </dl>
      ${hasWebPage ? html`<p><a class="button" href="/">To the clones</a></p>` : ''}`,
  );
}

function atBoard(mayWrite: boolean): Html {
  return html`<div>
      <dt>At the <a href="/admin/queues">queues</a></dt>
      <dd>${mayWrite ? 'you may change things' : html`read-only; to act there, sign out and <a href="/sign-in?next=/admin/queues">sign in to the queues</a>`}</dd>
    </div>`;
}

function writeBox(): Html {
  return html`<div class="tick">
      <input id="write" name="write" type="checkbox" value="on">
      <label for="write">Let me change things <span class="hint">needs the scope queues:write</span></label>
    </div>`;
}
