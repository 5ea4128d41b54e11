import { AppError } from '@wcr/shared/errors/app-error';
import { pathForPeople } from '../../../agent/index-codec.ts';

const MAX_PATH_BYTES = 4_000;
const MAX_NAME_BYTES = 255;

/** The same rules as the agent's PathGuard.php; a path is bytes in a latin1 string, so that a character is a byte. */
export function checkPath(path: string): string {
  const names = path.split('/');
  const isPlain = names.every((name) => name !== '' && name !== '.' && name !== '..' && name.length <= MAX_NAME_BYTES);
  if (!isPlain || path.includes('\0') || path.length > MAX_PATH_BYTES) throw refused(path);
  return path;
}

/**
 * Makes sure that a link's target stays inside the root; it need not exist. Only leading `..` are understood: behind a
 * folder that is itself a link they would lead elsewhere.
 * @param root the real site root as bytes, without trailing slash
 */
export function checkTarget(root: string, link: string, target: string): void {
  const isInside = `${target}/`.startsWith(`${root}/`);
  const climb = /^(?:\.\.\/|\.\/)*/.exec(`${target}/`)?.[0] ?? '';
  const rest = target.slice(isInside ? root.length : climb.length);
  const climbs = climb.split('../').length - 1;
  const leavesTree = climbs > link.split('/').length - 1 || /(?:^|\/)\.\.(?:\/|$)/.test(rest);
  const isElsewhere = target.startsWith('/') && !isInside;
  if (target === '' || target.includes('\0') || isElsewhere || leavesTree) throw refused(link);
}

/** The error for a path that nothing may be written to. */
export function refused(path: string): AppError {
  return new AppError('agent.path_refused', { path: pathForPeople(path) });
}
