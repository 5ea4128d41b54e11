import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { MiddlewareHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { hasScope } from '../access/api-keys.ts';
import { BOARD_RULES } from '../access/route-rules.ts';
import { hashApiKey } from '../config/api-config.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiApp, ApiContext, ApiEnv } from '../http/api-env.ts';
import { demand, type GuardDeps, knock, type LetIn } from '../http/guard.ts';
import { demandOwnPage, letSessionIn, showSignIn } from './operator.ts';
import type { AdminSessions } from './sessions.ts';
import { STYLE, signedInPage, signInPage } from './sign-in-page.ts';

const PAGE_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const SignIn = z.object({ key: z.string().min(1).max(256), write: z.literal('on').optional() });
/** What somebody who signs in can do something about. */
const TOLD_ON_PAGE = new Set([401, 403, 429]);

/** Where people exchange an API key for a session, and end it. */
export function addSignInRoutes(app: ApiApp, deps: ApiDeps, sessions: AdminSessions): void {
  const bySession = letSessionIn(deps, sessions);
  const ownPage = demandOwnPage(deps.config.publicUrl);
  app.use('/admin/:page', async (context, next) => {
    context.header('Content-Security-Policy', PAGE_POLICY);
    // Without a referrer browsers do not even tell which page a form was sent from.
    context.header('Referrer-Policy', 'same-origin');
    await next();
  });

  app.get('/admin/style.css', (context) => context.body(STYLE, 200, { 'Content-Type': 'text/css; charset=utf-8' }));
  app.get('/admin', (context) => context.redirect('/admin/queues', 303));

  app.get('/admin/login', tellOnPage, ...demand(deps, BOARD_RULES.look, bySession), (context) => {
    const caller = context.get('caller');
    return context.html(signedInPage({ name: caller.name, mayWrite: hasScope(caller, 'queues:write') }));
  });

  app.post('/admin/login', tellOnPage, ownPage, ...demand(deps, BOARD_RULES.signIn, letFormIn(deps)), async (context) => {
    const { key, wantsWrite } = await readForm(context);
    if (wantsWrite && !hasScope(context.get('caller'), 'queues:write')) {
      throw new AppError('auth.forbidden', { scope: 'queues:write' });
    }
    await sessions.begin(context, { keyHash: hashApiKey(key), wantsWrite });
    return context.redirect('/admin/queues', 303);
  });

  app.post('/admin/logout', showSignIn, ownPage, ...demand(deps, BOARD_RULES.signOut, bySession), async (context) => {
    await sessions.end(context);
    return context.redirect('/admin/login', 303);
  });
}

/** Shows the page again, with why the key did not do; without a word to those who come for the first time. */
const tellOnPage: MiddlewareHandler<ApiEnv> = async (context, next) => {
  await next();
  const { error } = context;
  if (!isAppError(error) || !TOLD_ON_PAGE.has(error.status)) return;
  context.res = await (error.code === 'auth.missing'
    ? context.html(signInPage(), 200)
    : context.html(signInPage(`${error.message} ${error.hint}`), error.status as ContentfulStatusCode));
};

/** Lets in who types a key into the page. */
function letFormIn(deps: GuardDeps): LetIn {
  return async (context, rule) => knock(deps, context, rule, { key: (await readForm(context)).key });
}

/** @throws AppError `auth.invalid` for anything but what the page sends */
async function readForm(context: ApiContext): Promise<{ key: string; wantsWrite: boolean }> {
  const form = SignIn.safeParse(await context.req.parseBody()).data;
  if (form === undefined) throw new AppError('auth.invalid');
  return { key: form.key, wantsWrite: form.write === 'on' };
}
