import { randomBytes } from 'node:crypto';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { WebhookSecrets, webhookSecretsContext } from '@wcr/shared/contracts/webhooks';
import { AppError } from '@wcr/shared/errors/app-error';
import type { ApiDeps } from '../deps.ts';
import { viaRedis } from '../queue/redis-client.ts';

const SECRET_BYTES = 32;
/** How long receivers may take to learn of a new secret. */
const OVERLAP_MS = 24 * 3_600_000;

type Deps = Pick<ApiDeps, 'redis' | 'sealer' | 'now'>;

/**
 * Makes the secret that signs an owner's webhooks. The one before signs along for a day.
 * @returns the secret, this once
 */
export async function rotateWebhookSecret(
  deps: Deps,
  owner: string,
): Promise<{ secret: string; previousUntil: number | undefined }> {
  const { redis, sealer, now } = deps;
  const key = redisKeys.webhookSecrets(owner);
  const context = webhookSecretsContext(owner);
  const sealed = await viaRedis(() => redis.get(key));
  const previous = sealed === null ? undefined : WebhookSecrets.parse(sealer.open(sealed, context)).current;
  const secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
  const previousUntil = previous === undefined ? undefined : now() + OVERLAP_MS;
  const next: WebhookSecrets = { current: secret, previous, previousUntil };
  await viaRedis(() => redis.set(key, sealer.seal(next, context)));
  return { secret, previousUntil };
}

/** @throws AppError `webhook.no_secret` when nothing could be signed for this owner */
export async function assertWebhookSecret({ redis }: Pick<Deps, 'redis'>, owner: string): Promise<void> {
  if ((await viaRedis(() => redis.exists(redisKeys.webhookSecrets(owner)))) === 0) throw new AppError('webhook.no_secret');
}
