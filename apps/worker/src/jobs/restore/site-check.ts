import { randomBytes } from 'node:crypto';
import type { StepContext } from '../../engine/engine.types.ts';
import type { RestoreDeps } from './restore.types.ts';

/** What a visitor meets on a page. */
export type PageState = { status: number; fatal: boolean };
/** The pages that tell whether a site works. */
export type SiteState = { front: PageState; login: PageState; rest: PageState };

/** Texts that WordPress and PHP show instead of a page; both languages of an error page contain the markup. */
const FATAL =
  /<b>(Fatal|Parse) error<\/b>:|PHP (Fatal|Parse) error:|There has been a critical error on (this|your) website|wp-die-message/;
const NO_ANSWER: PageState = { status: 0, fatal: false };

/** Visits a live site as a stranger would, past page caches. */
export async function visitPages(
  deps: Pick<RestoreDeps, 'visit'>,
  homeUrl: string,
  step: Pick<StepContext, 'signal'>,
): Promise<SiteState> {
  const home = homeUrl.replace(/\/+$/, '');
  const fresh = `wcr-check=${randomBytes(4).toString('hex')}`;
  const [front, login, rest] = await Promise.all([
    visitPage(deps, `${home}/?${fresh}`, step),
    visitPage(deps, `${home}/wp-login.php?${fresh}`, step),
    visitPage(deps, `${home}/?rest_route=/&${fresh}`, step),
  ]);
  return { front, login, rest };
}

async function visitPage(
  deps: Pick<RestoreDeps, 'visit'>,
  url: string,
  { signal }: Pick<StepContext, 'signal'>,
): Promise<PageState> {
  try {
    const { status, body } = await deps.visit(url, { signal });
    return { status, fatal: FATAL.test(body) };
  } catch {
    signal.throwIfAborted();
    return NO_ANSWER;
  }
}

/**
 * What works worse than before: a plugin may hide the login page or close the REST API on purpose, so that only a change
 * counts.
 */
export function worseThan(before: SiteState, now: SiteState): string[] {
  const names = { front: 'the front page', login: 'the login page', rest: 'the REST API' };
  return (['front', 'login', 'rest'] as const).flatMap((page) => {
    const [then, is] = [before[page], now[page]];
    if (is.fatal && !then.fatal) return [`${names[page]} shows a fatal error (${is.status})`];
    const isBroken = is.status === 0 || is.status >= 500 || (is.status >= 400 && then.status > 0 && then.status < 400);
    const wasBroken = then.status === 0 || then.status >= 500 || then.fatal;
    return isBroken && !wasBroken ? [`${names[page]} answers ${is.status || 'not at all'} instead of ${then.status}`] : [];
  });
}
