import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { MiddlewareHandler } from 'hono';
import type { ApiContext, ApiEnv } from './api-env.ts';
import { type GuardDeps, knock, type LetIn } from './guard.ts';
import { isFormToken, type Sessions } from './sessions.ts';

const READING = new Set(['GET', 'HEAD']);

/**
 * Lets in who has signed in, as far as the key still allows what is asked for. A session ends with its key. Leaves the
 * session in the context.
 * @throws AppError also `auth.missing` when there is no session
 */
export function letSessionIn(deps: GuardDeps, sessions: Sessions): LetIn {
  return async (context, rule) => {
    const session = await sessions.find(context);
    if (session === undefined) throw new AppError('auth.missing');
    context.set('session', session);
    try {
      return await knock(deps, context, rule, { digest: session.keyHash });
    } catch (error) {
      if (isAppError(error) && error.status === 401) await sessions.end(context);
      throw error;
    }
  };
}

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

/** Refuses a form that was not made for this session. @throws AppError `auth.cross_origin` */
export const demandFormToken: MiddlewareHandler<ApiEnv> = async (context, next) => {
  if (!READING.has(context.req.method)) {
    const { token } = await context.req.parseBody();
    if (!isFormToken(token, context.get('session')?.formToken ?? '')) throw new AppError('auth.cross_origin');
  }
  await next();
};

function isOwnPage(context: ApiContext, publicUrl: string | undefined): boolean {
  const origin = context.req.header('origin');
  const hosts = [context.req.header('host') ?? new URL(context.req.url).host, publicUrl && new URL(publicUrl).host];
  return origin !== undefined && URL.canParse(origin) && hosts.includes(new URL(origin).host);
}
