import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { getSignedCookie, setSignedCookie } from 'hono/cookie';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { ApiContext } from '../http/api-env.ts';
import { viaRedis } from '../queue/redis-client.ts';

/** A person who has signed in: by which key, and whether to look or to act. */
const AdminSession = z.object({ keyHash: z.string(), wantsWrite: z.boolean() });
export type AdminSession = z.infer<typeof AdminSession>;

export type AdminSessions = {
  begin(context: ApiContext, session: AdminSession): Promise<void>;
  /** The session of the caller's cookie; undefined when there is none, or its time is up. @throws AppError `queue.unavailable` */
  find(context: ApiContext): Promise<AdminSession | undefined>;
  end(context: ApiContext): Promise<void>;
};

const COOKIE = 'wcr-admin';
/** A working day; then the key is asked for again. */
const SESSION_SECONDS = 8 * 3600;

/**
 * Sessions in Redis under the digest of a random id, which only the signed cookie holds.
 * @param secretsKey 64 hex digits, from which the key of the signature is derived
 */
export function createAdminSessions(options: {
  redis: Redis;
  secretsKey: string;
  publicUrl?: string | undefined;
}): AdminSessions {
  const { redis, secretsKey, publicUrl } = options;
  const signingKey = Buffer.from(hkdfSync('sha256', Buffer.from(secretsKey, 'hex'), '', 'admin-session', 32)).toString('hex');
  const idOf = async (context: ApiContext) => (await getSignedCookie(context, signingKey, COOKIE)) || undefined;

  const setCookie = (context: ApiContext, id: string, maxAge: number) =>
    setSignedCookie(context, COOKIE, id, signingKey, {
      path: '/admin',
      httpOnly: true,
      sameSite: 'Strict',
      secure: isHttps(context, publicUrl),
      maxAge,
    });

  return {
    async begin(context, session) {
      const id = randomBytes(32).toString('base64url');
      await viaRedis(() => redis.set(keyOf(id), JSON.stringify(session), 'EX', SESSION_SECONDS));
      await setCookie(context, id, SESSION_SECONDS);
    },
    async find(context) {
      const id = await idOf(context);
      const text = id === undefined ? null : await viaRedis(() => redis.get(keyOf(id)));
      return text === null ? undefined : AdminSession.safeParse(JSON.parse(text)).data;
    },
    async end(context) {
      const id = await idOf(context);
      if (id !== undefined) await viaRedis(() => redis.unlink(keyOf(id)));
      await setCookie(context, '', 0);
    },
  };
}

function keyOf(id: string): string {
  return redisKeys.adminSession(createHash('sha256').update(id).digest('hex'));
}

/** Whether the browser came by https, which behind a proxy only the proxy knows; who lies about it harms nobody else. */
function isHttps(context: ApiContext, publicUrl: string | undefined): boolean {
  const forwarded = context.req.header('x-forwarded-proto')?.split(',')[0]?.trim();
  return forwarded === 'https' || new URL(context.req.url).protocol === 'https:' || publicUrl?.startsWith('https:') === true;
}
