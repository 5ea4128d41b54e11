import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { getSignedCookie, setSignedCookie } from 'hono/cookie';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { viaRedis } from '../queue/redis-client.ts';
import type { ApiContext } from './api-env.ts';
import type { Session } from './session.types.ts';

const StoredSession = z.object({ keyHash: z.string(), wantsWrite: z.boolean() }) satisfies z.ZodType<Omit<Session, 'formToken'>>;
type StoredSession = z.infer<typeof StoredSession>;

export type Sessions = {
  /** Begins a session, and ends the one there may have been. */
  begin(context: ApiContext, session: StoredSession): Promise<void>;
  /** The session of the caller's cookie; undefined when there is none, or its time is up. @throws AppError `queue.unavailable` */
  find(context: ApiContext): Promise<Session | undefined>;
  end(context: ApiContext): Promise<void>;
};

const COOKIE = 'wcr-session';
/** A working day; then the key is asked for again. */
const SESSION_SECONDS = 8 * 3600;

/**
 * Sessions in Redis under the digest of a random id, which only the signed cookie holds.
 * @param secretsKey 64 hex digits, from which the key of the signature is derived
 */
export function createSessions(options: { redis: Redis; secretsKey: string; publicUrl?: string | undefined }): Sessions {
  const { redis, secretsKey, publicUrl } = options;
  const signingKey = Buffer.from(hkdfSync('sha256', Buffer.from(secretsKey, 'hex'), '', 'session', 32)).toString('hex');
  const idOf = async (context: ApiContext) => (await getSignedCookie(context, signingKey, COOKIE)) || undefined;
  const formTokenOf = (id: string) => createHmac('sha256', signingKey).update(`form:${id}`).digest('base64url');

  const setCookie = (context: ApiContext, id: string, maxAge: number) =>
    setSignedCookie(context, COOKIE, id, signingKey, {
      path: '/',
      httpOnly: true,
      sameSite: 'Strict',
      secure: isHttps(context, publicUrl),
      maxAge,
    });

  const forget = async (context: ApiContext) => {
    const id = await idOf(context);
    if (id !== undefined) await viaRedis(() => redis.unlink(keyOf(id)));
  };

  return {
    async begin(context, session) {
      await forget(context);
      const id = randomBytes(32).toString('base64url');
      await viaRedis(() => redis.set(keyOf(id), JSON.stringify(session), 'EX', SESSION_SECONDS));
      await setCookie(context, id, SESSION_SECONDS);
    },
    async find(context) {
      const id = await idOf(context);
      const text = id === undefined ? null : await viaRedis(() => redis.get(keyOf(id)));
      if (id === undefined || text === null) return undefined;
      const stored = StoredSession.safeParse(JSON.parse(text)).data;
      return stored && { ...stored, formToken: formTokenOf(id) };
    },
    async end(context) {
      await forget(context);
      await setCookie(context, '', 0);
    },
  };
}

/** Compares in a time that does not tell how much was right. */
export function isFormToken(given: unknown, expected: string): boolean {
  const [left, right] = [Buffer.from(typeof given === 'string' ? given : ''), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function keyOf(id: string): string {
  return redisKeys.session(createHash('sha256').update(id).digest('hex'));
}

/** Whether the browser came by https, which behind a proxy only the proxy knows; who lies about it harms nobody else. */
function isHttps(context: ApiContext, publicUrl: string | undefined): boolean {
  const forwarded = context.req.header('x-forwarded-proto')?.split(',')[0]?.trim();
  return forwarded === 'https' || new URL(context.req.url).protocol === 'https:' || publicUrl?.startsWith('https:') === true;
}
