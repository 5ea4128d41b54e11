/** What the path of a request asks for. */
export type Target =
  | { readonly kind: 'health' }
  | { readonly kind: 'clone-state'; readonly cloneId: string }
  | { readonly kind: 'redirect'; readonly cloneId: string; readonly location: string }
  | { readonly kind: 'clone'; readonly cloneId: string; readonly prefix: string; readonly path: string; readonly query: string }
  | { readonly kind: 'refused' };

const CLONE_STATE = /^\/\.wcr\/clones\/([^/]+)$/;

/**
 * Reads a request's target. `basePath` is the path of the clones' address, '' or like `/clones`. The path of a clone is
 * decoded exactly once, starts without slash and holds no `..`, empty step, backslash or NUL: such targets are refused.
 */
export function parseTarget(url: string, basePath: string): Target {
  const [rawPath = '', ...afterQuestion] = url.split('?');
  const query = afterQuestion.join('?');
  if (rawPath === '/.wcr/health') return { kind: 'health' };
  const state = CLONE_STATE.exec(rawPath);
  if (state?.[1]) return { kind: 'clone-state', cloneId: state[1] };
  const [, cloneId, slash, rest = ''] = /^\/([\w-]+)(?:(\/)(.*))?$/s.exec(stripBase(rawPath, basePath)) ?? [];
  if (cloneId === undefined) return { kind: 'refused' };
  const prefix = `${basePath}/${cloneId}/`;
  if (slash === undefined) return { kind: 'redirect', cloneId, location: query === '' ? prefix : `${prefix}?${query}` };
  const path = decodePath(rest);
  return path === undefined ? { kind: 'refused' } : { kind: 'clone', cloneId, prefix, path, query };
}

/** '' for what does not lie below the base. */
function stripBase(path: string, basePath: string): string {
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : '';
}

function decodePath(raw: string): string | undefined {
  // An encoded slash is no separator for us, and could be one for somebody behind us.
  if (/%2f|%5c|%00/i.test(raw)) return undefined;
  let path: string;
  try {
    path = decodeURIComponent(raw);
  } catch {
    // Not UTF-8: no file of ours has such a name, WordPress may still know the address.
    path = unescapeLatin1(raw);
  }
  const steps = path.split('/');
  if (/[\\\0]/.test(path) || steps.some((step) => step === '..' || step === '.')) return undefined;
  return path.replace(/\/{2,}/g, '/').replace(/^\//, '');
}

function unescapeLatin1(raw: string): string {
  return raw.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
