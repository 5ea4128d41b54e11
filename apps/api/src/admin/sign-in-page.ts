import { html } from 'hono/html';

type Page = ReturnType<typeof html>;

export const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { display: grid; min-height: 100vh; margin: 0; place-items: center; }
main { width: min(22rem, 90vw); }
h1 { font-size: 1.3rem; }
label { display: block; margin: 1rem 0; }
input[type='password'] { box-sizing: border-box; width: 100%; padding: 0.5rem; font: inherit; }
button { padding: 0.5rem 1rem; font: inherit; }
[role='alert'] { padding: 0.5rem 0.75rem; border-left: 0.25rem solid #c62828; }
`;

/** Asks for an API key. @param problem why the last one did not do */
export function signInPage(problem?: string): Page {
  return frame(
    html`<h1>Queues</h1>
      ${problem === undefined ? '' : html`<p role="alert">${problem}</p>`}
      <form method="post" action="/admin/login">
        <label>API key <input type="password" name="key" required autofocus autocomplete="current-password" maxlength="256" /></label>
        <label><input type="checkbox" name="write" value="on" /> Let me change things: needs the scope queues:write</label>
        <button>Sign in</button>
      </form>`,
  );
}

/** Says who is signed in. */
export function signedInPage({ name, mayWrite }: { name: string; mayWrite: boolean }): Page {
  return frame(
    html`<h1>Queues</h1>
      <p>Signed in as ${name}, ${mayWrite ? 'who may change things' : 'read-only'}.</p>
      <p><a href="/admin/queues">To the queues</a></p>
      <form method="post" action="/admin/logout"><button>Sign out</button></form>`,
  );
}

function frame(content: Page): Page {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>wp-clone-restore</title>
        <link rel="stylesheet" href="/admin/style.css" />
      </head>
      <body>
        <main>${content}</main>
      </body>
    </html>`;
}
