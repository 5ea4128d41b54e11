import { AppError } from '@wcr/shared/errors/app-error';
import type { CloneHandle } from '../../../drivers/runtime/runtime.types.ts';
import type { StepContext } from '../../../engine/engine.types.ts';
import type { CloneDeps } from '../clone.types.ts';

/**
 * Visits the finished clone as a person would. What breaks the clone is an error; what a plugin of the source may
 * have changed on purpose (a hidden login page, a closed REST API) is a warning.
 * @throws AppError `clone.verify_failed`
 */
export async function verifyClone(
  deps: Pick<CloneDeps, 'visit'>,
  handle: CloneHandle,
  step: StepContext,
): Promise<{ warnings: string[] }> {
  const warnings: string[] = [];
  const warn = (message: string) => {
    step.log(message);
    warnings.push(message);
  };
  // By the first visit PHP compiles all of WordPress; at once, each would.
  await checkFrontPage(deps, handle, step, warn);
  await Promise.all([checkRest(deps, handle, step, warn), checkLogin(deps, handle, step, warn)]);
  return { warnings };
}

async function checkFrontPage(
  deps: Pick<CloneDeps, 'visit'>,
  handle: CloneHandle,
  step: StepContext,
  warn: (message: string) => void,
): Promise<void> {
  const page = await deps.visit(`${handle.url}/`, { signal: step.signal });
  // A source in maintenance or "coming soon" mode answers 503 by a plugin, and so does its clone.
  if (page.status === 503) warn('the front page answers 503; is the source in maintenance mode?');
  else if (page.status >= 500 || page.status === 404) {
    throw new AppError('clone.verify_failed', { reason: `the front page answers ${page.status}` });
  }
  const location = page.headers['location'];
  if (location !== undefined && !new URL(location, handle.url).href.startsWith(handle.url)) {
    throw new AppError('clone.verify_failed', { reason: 'the front page leads away from the clone' });
  }
  step.log(`front page: ${page.status}`);
}

async function checkRest(
  deps: Pick<CloneDeps, 'visit'>,
  handle: CloneHandle,
  step: StepContext,
  warn: (message: string) => void,
): Promise<void> {
  const answer = await deps.visit(`${handle.url}/?rest_route=/`, { signal: step.signal });
  const home = homeOf(answer.body);
  if (answer.status !== 200 || home === undefined) warn(`the REST API does not answer (${answer.status})`);
  else if (home !== handle.url) throw new AppError('clone.verify_failed', { reason: `the clone believes to be at ${home}` });
  else step.log('REST API: answers');
}

async function checkLogin(
  deps: Pick<CloneDeps, 'visit'>,
  handle: CloneHandle,
  step: StepContext,
  warn: (message: string) => void,
): Promise<void> {
  const { username, password, loginUrl } = handle.credentials;
  const form = await deps.visit(loginUrl, { signal: step.signal });
  if (form.status >= 500 && form.status !== 503)
    throw new AppError('clone.verify_failed', { reason: `the login page answers ${form.status}` });
  const fields = { log: username, pwd: password, testcookie: '1', redirect_to: `${handle.url}/wp-admin/` };
  const answer = await deps.visit(loginUrl, { method: 'POST', form: fields, cookies: form.cookies, signal: step.signal });
  const loggedIn = answer.cookies.some((cookie) => cookie.startsWith('wordpress_logged_in_'));
  if (loggedIn) step.log('login: works');
  else
    warn(
      `the clone’s own administrator could not log in at ${loginUrl} (${answer.status}); a plugin may have moved or guarded the login`,
    );
}

function homeOf(body: string): string | undefined {
  try {
    const index = JSON.parse(body) as { home?: unknown };
    return typeof index.home === 'string' ? index.home.replace(/\/+$/, '') : undefined;
  } catch {
    return undefined;
  }
}
