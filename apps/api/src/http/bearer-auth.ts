import { timingSafeEqual } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { AppError } from '@wcr/shared/errors/app-error';
import type { MiddlewareHandler } from 'hono';
import type { ApiKeyStore, Caller } from '../access/api-keys.ts';
import { hashApiKey } from '../config/api-config.ts';
import type { ApiContext, ApiEnv } from './api-env.ts';

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-real-ip'] as const;
const BEARER = /^Bearer +([\x21-\x7e]{1,256}) *$/i;

/** Lets known keys pass and leaves the caller in the context. @throws AppError `auth.missing`, `auth.invalid` */
export function requireApiKey(keys: ApiKeyStore): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    context.set('caller', await authenticate(keys, readBearer(context.req.header('authorization'))));
    await next();
  };
}

/** The caller of a key, whichever way it came: the one place where a wrong one shows. @throws AppError `auth.invalid` */
export async function authenticate(keys: ApiKeyStore, key: string): Promise<Caller> {
  const caller = await keys.find(key);
  if (caller === undefined) throw new AppError('auth.invalid');
  return caller;
}

/**
 * Guards with one fixed token. Without one only callers on this machine pass, and nobody whom a proxy brought: behind a
 * proxy on the same machine everybody seems to be here.
 * @throws AppError `auth.missing`, `auth.invalid`
 */
export function requireToken(token: string | undefined): MiddlewareHandler<ApiEnv> {
  if (token === undefined) return requireLocalCaller;
  const expected = Buffer.from(hashApiKey(token));
  return async (context, next) => {
    const given = Buffer.from(hashApiKey(readBearer(context.req.header('authorization'))));
    if (!timingSafeEqual(expected, given)) throw new AppError('auth.invalid');
    await next();
  };
}

const requireLocalCaller: MiddlewareHandler<ApiEnv> = async (context, next) => {
  const isForwarded = PROXY_HEADERS.some((name) => context.req.header(name) !== undefined);
  if (isForwarded || !LOOPBACK.test(peerOf(context) ?? '')) throw new AppError('auth.missing');
  await next();
};

/** Where the connection comes from; unknown when there is none. */
function peerOf(context: ApiContext): string | undefined {
  const { incoming } = context.env as Partial<HttpBindings>;
  return incoming?.socket.remoteAddress;
}

/** The key of an Authorization header. @throws AppError `auth.missing`, `auth.invalid` */
export function readBearer(header: string | undefined): string {
  if (header === undefined) throw new AppError('auth.missing');
  const key = BEARER.exec(header)?.[1];
  if (key === undefined) throw new AppError('auth.invalid');
  return key;
}
