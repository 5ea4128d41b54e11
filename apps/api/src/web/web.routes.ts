import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiDeps } from '../deps.ts';
import type { ApiApp } from '../http/api-env.ts';
import { addClonePages } from './clone-pages.routes.ts';
import { addDashboard } from './dashboard.routes.ts';
import { addJobPages } from './job-pages.routes.ts';
import type { People } from './people.ts';
import { addRestorePages } from './restore-pages.routes.ts';

const ASSETS = {
  'style.css': 'text/css; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

/** Where forms go. A browser that asks for such an address by itself, as when a page is loaded again, is led to its page. */
const FORMS = [
  '/clones',
  ...['credentials', 'expiry', 'delete'].map((form) => `/clones/:cloneId/${form}`),
  ...['confirm', 'rollback'].map((form) => `/restores/:restoreId/${form}`),
  ...['cancel', 'retry'].map((form) => `/jobs/:jobId/${form}`),
];

/** The web page for people: the same things as the API's calls do, by the same rules, in a browser. */
export function addWebRoutes(app: ApiApp, deps: ApiDeps, people: People): void {
  addDashboard(app, deps, people);
  addClonePages(app, deps, people);
  addRestorePages(app, deps, people);
  addJobPages(app, deps, people);
  for (const path of FORMS) {
    app.get(path, ({ req, redirect }) => redirect(req.path.slice(0, req.path.lastIndexOf('/')) || '/', 303));
  }
}

/** What pages load: one style sheet, one script, one picture. */
export function addAssetRoutes(app: ApiApp): void {
  for (const [name, type] of Object.entries(ASSETS)) {
    const text = readFileSync(join(import.meta.dirname, 'assets', name), 'utf8');
    app.get(`/assets/${name}`, (context) =>
      context.body(text, 200, { 'Content-Type': type, 'Cache-Control': 'public, max-age=300' }),
    );
  }
}
