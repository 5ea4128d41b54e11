import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { MiddlewareHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { hasScope } from '../access/api-keys.ts';
import { WEB_RULES } from '../access/route-rules.ts';
import { hashApiKey } from '../config/api-config.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiApp, ApiContext, ApiEnv } from '../http/api-env.ts';
import { demand, type GuardDeps, knock, type LetIn } from '../http/guard.ts';
import { demandOwnPage, letSessionIn } from '../http/session-auth.ts';
import type { Sessions } from '../http/sessions.ts';
import { sessionPage, signInPage } from './pages/sign-in-page.ts';
import { type People, pageHeaders } from './people.ts';

const SignIn = z.object({ key: z.string().min(1).max(256), write: z.literal('on').optional(), next: z.string().optional() });
type SignIn = z.infer<typeof SignIn>;
/** A path of this server: nothing a browser could read as the address of another. */
const OWN_PATH = /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/;
/** What somebody who signs in can do something about. */
const TOLD_ON_PAGE = new Set([401, 403, 429]);

/** Where people exchange an API key for a session, which is good for the web page and the board of queues, and end it. */
export function addSignInRoutes(app: ApiApp, deps: ApiDeps, { sessions, people }: { sessions: Sessions; people: People }): void {
  const bySession = letSessionIn(deps, sessions);
  const ownPage = demandOwnPage(deps.config.publicUrl);
  const home = deps.config.webPage === 'on' ? '/' : '/admin/queues';

  app.get('/sign-in', pageHeaders, askForKey(home), ...demand(deps, WEB_RULES.look, bySession), (context) =>
    context.html(sessionPage(people.viewerOf(context), context.get('session')?.wantsWrite === true)),
  );

  app.post(
    '/sign-in',
    pageHeaders,
    askForKey(home),
    ownPage,
    ...demand(deps, WEB_RULES.signIn, letFormIn(deps)),
    async (context) => {
      const { key, write, next } = await readForm(context);
      const wantsWrite = write === 'on';
      if (wantsWrite && !hasScope(context.get('caller'), 'queues:write')) {
        throw new AppError('auth.forbidden', { scope: 'queues:write' });
      }
      await sessions.begin(context, { keyHash: hashApiKey(key), wantsWrite });
      return context.redirect(ownPath(next) ?? home, 303);
    },
  );

  app.post('/sign-out', ...people.admit(WEB_RULES.signOut), async (context) => {
    await sessions.end(context);
    return context.redirect('/sign-in', 303);
  });
}

/** Shows the page where a key is asked for, with why the last one did not do; without a word to those who come for the first time. */
function askForKey(home: string): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    await next();
    const { error } = context;
    if (!isAppError(error) || !TOLD_ON_PAGE.has(error.status)) return;
    const wanted = context.req.query('next') ?? (await readForm(context).catch(() => undefined))?.next;
    const page = signInPage(ownPath(wanted) ?? home, error.code === 'auth.missing' ? undefined : error);
    context.res = await context.html(page, error.code === 'auth.missing' ? 200 : (error.status as ContentfulStatusCode));
  };
}

/** Lets in who types a key into the page. */
function letFormIn(deps: GuardDeps): LetIn {
  return async (context, rule) => knock(deps, context, rule, { key: (await readForm(context)).key });
}

/** @throws AppError `auth.invalid` for anything but what the page sends */
async function readForm(context: ApiContext): Promise<SignIn> {
  const form = SignIn.safeParse(await context.req.parseBody()).data;
  if (form === undefined) throw new AppError('auth.invalid');
  return form;
}

function ownPath(text: string | undefined): string | undefined {
  return text !== undefined && OWN_PATH.test(text) ? text : undefined;
}
