/** What becomes of one file of the source in a clone. */
export type FileRule =
  | { readonly action: 'copy'; readonly as: string }
  /** Copied under another name, so that it does not act in the clone and can be put back. */
  | { readonly action: 'park'; readonly as: string }
  | { readonly action: 'skip'; readonly reason: string };

export const PARKED_SUFFIX = '.wcr-parked';

/** Drop-ins that reach for services of the source's host, or speak for its caches. */
const PARKED_DROP_INS = ['object-cache.php', 'advanced-cache.php', 'db.php'];

export type FileRuleOptions = {
  /** Content folder relative to the root. */
  readonly content: string;
  /** Paths relative to the root; a trailing `*` matches the rest. */
  readonly excludePaths: readonly string[];
};

/** Decides by path alone. Paths are relative to the site root. */
export function createFileRules(options: FileRuleOptions): (path: string) => FileRule {
  const parked = new Set([...PARKED_DROP_INS.map((name) => `${options.content}/${name}`), '.user.ini', 'php.ini']);
  const excluded = options.excludePaths.map(toMatcher);
  return (path) => {
    if (path === 'wp-config.php') return { action: 'skip', reason: 'the clone has its own' };
    if (path === '.maintenance') return { action: 'skip', reason: 'the source is being updated' };
    if (excluded.some((matches) => matches(path))) return { action: 'skip', reason: 'excluded by the request' };
    return parked.has(path) ? { action: 'park', as: path + PARKED_SUFFIX } : { action: 'copy', as: path };
  };
}

function toMatcher(pattern: string): (path: string) => boolean {
  const clean = Buffer.from(pattern.replace(/^\/+|\/+$/g, ''), 'utf8').toString('latin1');
  if (clean.endsWith('*')) return (path) => path.startsWith(clean.slice(0, -1));
  return (path) => path === clean || path.startsWith(`${clean}/`);
}
