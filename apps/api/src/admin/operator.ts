import type { Scope } from '@wcr/shared/contracts/access';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { MiddlewareHandler } from 'hono';
import { type Caller, hasScope } from '../access/api-keys.ts';
import type { RouteRule } from '../access/route-rules.ts';
import type { ApiConfig } from '../config/api-config.ts';
import type { ApiContext, ApiEnv } from '../http/api-env.ts';
import { demand, type GuardDeps, knock, type LetIn, letBearerIn } from '../http/guard.ts';
import type { AdminSession, AdminSessions } from './sessions.ts';

/** The middleware of one thing that can be done at the board. */
export type DemandOperator = (rule: RouteRule) => [MiddlewareHandler<ApiEnv>, ...MiddlewareHandler<ApiEnv>[]];

type Deps = GuardDeps & { readonly config: Pick<ApiConfig, 'publicUrl'> };

const READING = new Set(['GET', 'HEAD']);

/** Asks for a rule's scope of whoever is at the board: a machine that sends its key, or a person who has signed in. */
export function demandOperator(deps: Deps, sessions: AdminSessions): DemandOperator {
  const byKey = letBearerIn(deps);
  const bySession = letSessionIn(deps, sessions);
  const letIn: LetIn = (context, rule) => (sendsKey(context) ? byKey : bySession)(context, rule);
  return (rule) => [...demand(deps, rule, letIn), demandOwnPage(deps.config.publicUrl, sendsKey)];
}

/**
 * Lets in who has signed in, to do what was asked for then, as far as the key still allows it. A session ends with its key.
 * @throws AppError also `auth.missing` when there is no session
 */
export function letSessionIn(deps: GuardDeps, sessions: AdminSessions): LetIn {
  return async (context, rule) => {
    const session = await sessions.find(context);
    if (session === undefined) throw new AppError('auth.missing');
    try {
      const admitted = await knock(deps, context, rule, { digest: session.keyHash });
      return { ...admitted, caller: narrow(admitted.caller, session) };
    } catch (error) {
      if (isAppError(error) && error.status === 401) await sessions.end(context);
      throw error;
    }
  };
}

/** Shows people where to sign in; machines are told that a key is missing. */
export const showSignIn: MiddlewareHandler<ApiEnv> = async (context, next) => {
  await next();
  const isStranger = !sendsKey(context) && isAppError(context.error) && context.error.status === 401;
  if (isStranger && context.req.header('accept')?.includes('text/html')) context.res = context.redirect('/admin/login', 303);
};

/**
 * Refuses changes that a page of another site had the browser ask for: cookies are sent for any page it shows.
 * @param isExempt what no such page could send
 * @throws AppError `auth.cross_origin`
 */
export function demandOwnPage(
  publicUrl: string | undefined,
  isExempt: (context: ApiContext) => boolean = () => false,
): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    if (!READING.has(context.req.method) && !isExempt(context) && !isOwnPage(context, publicUrl)) {
      throw new AppError('auth.cross_origin');
    }
    await next();
  };
}

function narrow(caller: Caller, { wantsWrite }: AdminSession): Caller {
  const wanted: readonly Scope[] = wantsWrite ? ['queues:read', 'queues:write'] : ['queues:read'];
  return { ...caller, scopes: wanted.filter((scope) => hasScope(caller, scope)) };
}

function sendsKey(context: ApiContext): boolean {
  return context.req.header('authorization') !== undefined;
}

function isOwnPage(context: ApiContext, publicUrl: string | undefined): boolean {
  const origin = context.req.header('origin');
  const hosts = [context.req.header('host') ?? new URL(context.req.url).host, publicUrl && new URL(publicUrl).host];
  return origin !== undefined && URL.canParse(origin) && hosts.includes(new URL(origin).host);
}
