import { timingSafeEqual } from 'node:crypto';
import { AppError } from '@wcr/shared/errors/app-error';
import type { MiddlewareHandler } from 'hono';
import type { ApiKeyStore } from '../access/api-keys.ts';
import { hashApiKey } from '../config/api-config.ts';
import type { ApiEnv } from './api-env.ts';

const BEARER = /^Bearer +([\x21-\x7e]{1,256}) *$/i;

/** Lets known keys pass and leaves the caller in the context. @throws AppError `auth.missing`, `auth.invalid` */
export function requireApiKey(keys: ApiKeyStore): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const caller = await keys.find(readBearer(context.req.header('authorization')));
    if (!caller) throw new AppError('auth.invalid');
    context.set('caller', caller);
    await next();
  };
}

/** Guards with one fixed token; open when there is none. @throws AppError `auth.missing`, `auth.invalid` */
export function requireToken(token: string | undefined): MiddlewareHandler<ApiEnv> {
  const expected = token === undefined ? undefined : Buffer.from(hashApiKey(token));
  return async (context, next) => {
    if (expected) {
      const given = Buffer.from(hashApiKey(readBearer(context.req.header('authorization'))));
      if (!timingSafeEqual(expected, given)) throw new AppError('auth.invalid');
    }
    await next();
  };
}

function readBearer(header: string | undefined): string {
  if (header === undefined) throw new AppError('auth.missing');
  const key = BEARER.exec(header)?.[1];
  if (key === undefined) throw new AppError('auth.invalid');
  return key;
}
