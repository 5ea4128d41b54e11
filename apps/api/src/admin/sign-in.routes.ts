import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import { z } from 'zod';
import { queueRightOf } from '../access/queue-rights.ts';
import { hashApiKey } from '../config/api-config.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiApp, ApiContext } from '../http/api-env.ts';
import { authenticate } from '../http/bearer-auth.ts';
import { assertOwnPage, assertRight } from './operator.ts';
import type { AdminSessions } from './sessions.ts';
import { STYLE, signedInPage, signInPage } from './sign-in-page.ts';

const PAGE_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const SignIn = z.object({ key: z.string().min(1).max(256), write: z.literal('on').optional() });

/** Where people exchange an API key for a session, and end it. */
export function addSignInRoutes(app: ApiApp, { keys, config }: ApiDeps, sessions: AdminSessions): void {
  app.use('/admin/:page', async (context, next) => {
    context.header('Content-Security-Policy', PAGE_POLICY);
    // Without a referrer browsers do not even tell which page a form was sent from.
    context.header('Referrer-Policy', 'same-origin');
    await next();
  });

  app.get('/admin/style.css', (context) => context.body(STYLE, 200, { 'Content-Type': 'text/css; charset=utf-8' }));
  app.get('/admin', (context) => context.redirect('/admin/queues', 303));

  app.get('/admin/login', async (context) => {
    const session = await sessions.find(context);
    const caller = session && (await keys.findByHash(session.keyHash));
    if (session === undefined || caller === undefined) return context.html(signInPage());
    const right = session.wantsWrite && queueRightOf(caller) === 'write' ? 'write' : 'read';
    return context.html(signedInPage({ name: caller.name, right }));
  });

  app.post('/admin/login', async (context) => {
    assertOwnPage(context, config.publicUrl);
    try {
      const { key, wantsWrite } = await readForm(context);
      const caller = await authenticate(keys, key);
      context.set('caller', caller);
      if (assertRight(caller) !== 'write' && wantsWrite) throw new AppError('auth.forbidden', { scope: 'queues:write' });
      await sessions.begin(context, { keyHash: hashApiKey(key), wantsWrite });
    } catch (error) {
      if (!isAppError(error) || (error.status !== 401 && error.status !== 403)) throw error;
      return context.html(signInPage(`${error.message} ${error.hint}`), error.status);
    }
    return context.redirect('/admin/queues', 303);
  });

  app.post('/admin/logout', async (context) => {
    assertOwnPage(context, config.publicUrl);
    await sessions.end(context);
    return context.redirect('/admin/login', 303);
  });
}

/** @throws AppError `auth.invalid` for anything but what the page sends */
async function readForm(context: ApiContext): Promise<{ key: string; wantsWrite: boolean }> {
  const form = SignIn.safeParse(await context.req.parseBody()).data;
  if (form === undefined) throw new AppError('auth.invalid');
  return { key: form.key, wantsWrite: form.write === 'on' };
}
