import type { Scope } from '@wcr/shared/contracts/access';
import { AppError } from '@wcr/shared/errors/app-error';
import type { MiddlewareHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { hasScope } from '../access/api-keys.ts';
import type { RouteRule } from '../access/route-rules.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiContext, ApiEnv } from '../http/api-env.ts';
import { nameError } from '../http/error-envelope.ts';
import { demand } from '../http/guard.ts';
import { demandFormToken, demandOwnPage, letSessionIn } from '../http/session-auth.ts';
import type { Sessions } from '../http/sessions.ts';
import { type FormState, readTyped, refusedForm } from './form.ts';
import { problemPage, type Reader } from './pages/problem-page.ts';
import type { Viewer } from './parts/frame.ts';
import type { Html } from './parts/html.ts';

/** Shows the page of a form again, when it was refused. */
export type ShowAgain = (context: ApiContext, form: FormState) => Html | Promise<Html>;
type Handlers = [MiddlewareHandler<ApiEnv>, ...MiddlewareHandler<ApiEnv>[]];

/** How people get to pages: with a session, by the rules of the call that does the same. */
export type People = {
  /** The middleware of a page, or of the form it sends. What goes wrong is told as a page, or on the form's own. */
  admit(rule: RouteRule, showAgain?: ShowAgain): Handlers;
  /** The same for what a script asks for: errors are told as the API tells them. */
  admitScript(rule: RouteRule): Handlers;
  viewerOf(context: ApiContext): Viewer;
};

/** Everything a page loads comes from this server, and none of it stands in the page itself. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Where somebody is sent who has to sign in. @param next a path of this server */
export function signInPath(next: string): string {
  return `/sign-in?next=${encodeURIComponent(next)}`;
}

export function welcomePeople(deps: ApiDeps, sessions: Sessions): People {
  const bySession = letSessionIn(deps, sessions);
  const own = demandOwnPage(deps.config.publicUrl);
  const viewerOf = (context: ApiContext) => describeViewer(deps, context);
  return {
    viewerOf,
    admit: (rule, showAgain) => [
      pageHeaders,
      tellProblems(viewerOf, showAgain),
      ...demand(deps, rule, bySession),
      own,
      demandFormToken,
    ],
    admitScript: (rule) => demand(deps, rule, bySession),
  };
}

/** What every page says to the browser. */
export const pageHeaders: MiddlewareHandler<ApiEnv> = async (context, next) => {
  context.header('Content-Security-Policy', PAGE_POLICY);
  // Without a referrer browsers do not even tell which page a form was sent from.
  context.header('Referrer-Policy', 'same-origin');
  await next();
};

/** Tells people what went wrong: on the form they have sent, on a page of its own, or where to sign in. */
export function tellProblems(viewerOf: (context: ApiContext) => Viewer, showAgain?: ShowAgain): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    await next();
    if (context.error === undefined) return;
    const error = nameError(context.error);
    if (error.status === 401) {
      context.res = context.redirect(signInPath(wayBack(context)), 303);
      return;
    }
    const again = error.status < 500 ? await tryAgain(context, error, showAgain) : undefined;
    const page = again ?? problemPage(error, describeReader(context, viewerOf));
    context.res = await context.html(page, error.status as ContentfulStatusCode);
  };
}

/** Whom a limit refuses is known by the session only. */
function describeReader(context: ApiContext, viewerOf: (context: ApiContext) => Viewer): Reader {
  const viewer = context.get('caller') && viewerOf(context);
  return { viewer, formToken: context.get('session')?.formToken, requestId: context.get('requestId') };
}

/** The form's own page again; undefined when it cannot be shown, or not to the key that has sent the form. */
async function tryAgain(context: ApiContext, error: AppError, showAgain: ShowAgain | undefined): Promise<Html | undefined> {
  if (showAgain === undefined || context.get('caller') === undefined) return undefined;
  try {
    return await showAgain(context, refusedForm(error, await readTyped(context)));
  } catch {
    return undefined;
  }
}

/** @throws AppError `auth.forbidden` unless the caller may look at such things */
export function assertMayLook(context: ApiContext, scope: Scope): void {
  if (!hasScope(context.get('caller'), scope)) throw new AppError('auth.forbidden', { scope });
}

/** A page is opened again after signing in; what a form wanted is not done behind anybody's back. */
function wayBack({ req }: ApiContext): string {
  const { pathname, search } = new URL(req.url);
  return req.method === 'GET' ? pathname + search : '/';
}

function describeViewer({ config, now }: ApiDeps, context: ApiContext): Viewer {
  return {
    caller: context.get('caller'),
    formToken: context.get('session')?.formToken ?? '',
    now: now(),
    hasBoard: config.queueBoard === 'on',
    hasWebPage: config.webPage === 'on',
  };
}
