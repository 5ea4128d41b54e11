import { AppError } from '@wcr/shared/errors/app-error';
import type { MiddlewareHandler } from 'hono';
import type { ApiKeyStore, Caller } from '../access/api-keys.ts';
import { type Operator, type QueueRight, queueRightOf } from '../access/queue-rights.ts';
import type { ApiContext, ApiEnv } from '../http/api-env.ts';
import { authenticate, readBearer } from '../http/bearer-auth.ts';
import type { AdminSessions } from './sessions.ts';

type Deps = { readonly keys: ApiKeyStore; readonly sessions: AdminSessions; readonly publicUrl: string | undefined };

const READING = new Set(['GET', 'HEAD']);

/**
 * Lets operators pass, and leaves them in the context. People without a session are shown the way to sign in.
 * @throws AppError `auth.missing`, `auth.invalid`, `auth.forbidden`, `auth.cross_origin`, `queue.unavailable`
 */
export function requireOperator(deps: Deps): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const operator = await identify(deps, context);
    if (operator === undefined) {
      if (context.req.header('accept')?.includes('text/html')) return context.redirect('/admin/login', 303);
      throw new AppError('auth.missing');
    }
    context.set('caller', operator.caller);
    context.set('operator', operator);
    if (!READING.has(context.req.method)) assertMayWrite(operator, context, deps.publicUrl);
    await next();
  };
}

function assertMayWrite({ hasSession, right }: Operator, context: ApiContext, publicUrl: string | undefined): void {
  // A key is sent on purpose, a cookie by any page the browser shows.
  if (hasSession) assertOwnPage(context, publicUrl);
  if (right !== 'write') throw new AppError('auth.forbidden', { scope: 'queues:write' });
}

async function identify({ keys, sessions }: Deps, context: ApiContext): Promise<Operator | undefined> {
  const header = context.req.header('authorization');
  if (header !== undefined) {
    const caller = await authenticate(keys, readBearer(header));
    return { caller, right: assertRight(caller), hasSession: false };
  }
  const session = await sessions.find(context);
  // The session of a key that was revoked since is over, and one of a key that lost a right has lost it, too.
  const caller = session && (await keys.findByHash(session.keyHash));
  if (session === undefined || caller === undefined) return undefined;
  const right = assertRight(caller);
  return { caller, right: session.wantsWrite ? right : 'read', hasSession: true };
}

/** @throws AppError `auth.forbidden` for a key without any right at the board */
export function assertRight(caller: Caller): QueueRight {
  const right = queueRightOf(caller);
  if (right === undefined) throw new AppError('auth.forbidden', { scope: 'queues:read' });
  return right;
}

/** @throws AppError `auth.cross_origin` unless the request comes from a page of this very server */
export function assertOwnPage(context: ApiContext, publicUrl: string | undefined): void {
  const origin = context.req.header('origin');
  const hosts = [context.req.header('host') ?? new URL(context.req.url).host, publicUrl && new URL(publicUrl).host];
  if (origin === undefined || !URL.canParse(origin) || !hosts.includes(new URL(origin).host)) {
    throw new AppError('auth.cross_origin');
  }
}
