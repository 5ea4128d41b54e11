import type { ServerResponse } from 'node:http';

type Page = { readonly status: number; readonly title: string; readonly text: string };

const PAGES = {
  gone: {
    status: 404,
    title: 'There is no such clone',
    text: 'Clones are temporary. This one has expired, or the address is not quite right.',
  },
  missing: { status: 404, title: 'Nothing here', text: 'The clone is there, but this address is not part of it.' },
  making: {
    status: 503,
    title: 'The clone is being made',
    text: 'Its files and its database are still being copied. This page reloads by itself.',
  },
  refused: { status: 400, title: 'This address cannot be read', text: 'It contains characters that no page of a clone has.' },
  failed: {
    status: 502,
    title: 'PHP did not answer',
    text: 'The clone’s PHP ended without an answer. Its log folder may tell why.',
  },
  slow: { status: 504, title: 'PHP took too long', text: 'The clone’s PHP worked on this page for too long and was stopped.' },
  large: { status: 413, title: 'This is too much', text: 'The clone’s PHP takes at most 128 MB at once.' },
} as const satisfies Record<string, Page>;

export type PageName = keyof typeof PAGES;

const RETRY_SECONDS = 3;

/** Answers with one of the gateway's own pages; no-op when the answer has already begun. */
export function sendPage(response: ServerResponse, name: PageName): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const page: Page = PAGES[name];
  for (const header of response.getHeaderNames()) response.removeHeader(header);
  response.writeHead(page.status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Robots-Tag': 'noindex, nofollow',
    ...(name === 'making' ? { 'Retry-After': String(RETRY_SECONDS) } : {}),
  });
  response.end(render(page, name === 'making' ? `<meta http-equiv="refresh" content="${RETRY_SECONDS}">` : ''));
}

function render(page: Page, head: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${head}
<meta name="robots" content="noindex"><title>${page.title}</title>
<style>body{font:18px/1.6 system-ui,sans-serif;max-width:32em;margin:18vh auto;padding:0 1.5em;color:#1e293b}
h1{font-size:1.5em}@media(prefers-color-scheme:dark){body{background:#0f172a;color:#e2e8f0}}</style></head>
<body><h1>${page.title}</h1><p>${page.text}</p></body></html>
`;
}
