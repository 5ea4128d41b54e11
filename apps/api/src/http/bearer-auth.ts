import { timingSafeEqual } from 'node:crypto';
import { AppError } from '@wcr/shared/errors/app-error';
import type { MiddlewareHandler } from 'hono';
import { hashApiKey } from '../config/api-config.ts';
import type { ApiEnv } from './api-env.ts';
import { peerOf } from './client-address.ts';

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-real-ip'] as const;
const BEARER = /^Bearer +([\x21-\x7e]{1,256}) *$/i;

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

/** The key of a request. @throws AppError `auth.missing`, `auth.invalid` */
export function readBearer(header: string | undefined): string {
  if (header === undefined) throw new AppError('auth.missing');
  const key = BEARER.exec(header)?.[1];
  if (key === undefined) throw new AppError('auth.invalid');
  return key;
}
