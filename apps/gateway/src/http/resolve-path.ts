import { type FileHandle, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeniedByFolder } from './folder-denial.ts';
import { openInside } from './open-inside.ts';

/** What answers a path of a clone. */
export type Resolved =
  | { readonly kind: 'file'; readonly file: FileHandle; readonly path: string }
  | { readonly kind: 'script'; readonly script: string; readonly pathInfo: string }
  | { readonly kind: 'add-slash' }
  | { readonly kind: 'refused' };

/**
 * PHP whatever was hung onto its name: `db.php.wcr-parked`, `functions.php.bak`, `index.php~` are still source text.
 * `photo.php_.jpg` is none: so WordPress names uploads it wants to be harmless.
 */
const PHP_LIKE = /\.(php\d?|phtml|phar|phps|pht)([.~].*|[_-][^.]*)?$/i;
/** What a copy took out of service speaks of the source's host. */
const PARKED = /\.wcr-parked$/i;
/** `wp-config.php.bak` and its like, logs with stack traces, and what tells a server what to do. */
const SECRET = /^(wp-config.*|debug\.log|error_log|php\.ini|php_errorlog|.*\.sql(\.gz|\.zip)?)$/i;

/**
 * Maps a decoded path of a clone to a file or script of its site, as a web server with WordPress's rewrite rules would.
 * Nothing outside of the site is ever answered, by whatever links.
 */
export async function resolvePath(site: string, path: string): Promise<Resolved> {
  const script = splitScript(path);
  if (script && (await isFileInside(site, script.script))) return { kind: 'script', ...script };
  if (isHidden(path)) return { kind: 'refused' };
  const found = path === '' ? undefined : await stat(join(site, path)).catch(() => undefined);
  if (found?.isDirectory()) return await resolveFolder(site, path);
  if (found?.isFile() && !path.endsWith('/')) return await resolveFile(site, path);
  return { kind: 'script', script: 'index.php', pathInfo: '' };
}

async function resolveFile(site: string, path: string): Promise<Resolved> {
  if (isSecret(path) || (await isDeniedByFolder(site, path))) return { kind: 'refused' };
  const file = await openInside(site, path);
  return file ? { kind: 'file', file, path } : { kind: 'refused' };
}

async function resolveFolder(site: string, path: string): Promise<Resolved> {
  if (!path.endsWith('/')) return { kind: 'add-slash' };
  const index = `${path}index.php`;
  if (await isFileInside(site, index)) return { kind: 'script', script: index, pathInfo: '' };
  return await resolveFile(site, `${path}index.html`);
}

/** The first step that ends in .php is the script; what follows it is its PATH_INFO. */
function splitScript(path: string): { script: string; pathInfo: string } | undefined {
  const end = /\.php(?=\/|$)/.exec(path);
  if (end === null) return undefined;
  const at = end.index + end[0].length;
  const script = path.slice(0, at);
  return isHidden(script) ? undefined : { script, pathInfo: path.slice(at) };
}

/** Dotfiles hold secrets and rules (.htaccess, .git, .env); .well-known is meant to be read. */
function isHidden(path: string): boolean {
  return path.split('/').some((step) => step.startsWith('.') && step !== '.well-known');
}

function isSecret(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return SECRET.test(name) || PHP_LIKE.test(name) || PARKED.test(name);
}

async function isFileInside(site: string, path: string): Promise<boolean> {
  const file = await openInside(site, path);
  await file?.close();
  return file !== undefined;
}
