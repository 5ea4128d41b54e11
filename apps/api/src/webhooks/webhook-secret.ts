import { randomBytes } from 'node:crypto';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { WebhookSecrets, webhookSecretsContext } from '@wcr/shared/contracts/webhooks';
import { AppError } from '@wcr/shared/errors/app-error';
import type { ApiDeps } from '../deps.ts';
import { viaRedis } from '../queue/redis-client.ts';
import { defineScript, runScript } from '../queue/run-script.ts';

const SECRET_BYTES = 32;
/** How long receivers may take to learn of a new secret. */
const OVERLAP_MS = 24 * 3_600_000;

/** KEYS secrets · ARGV as they were read, or '', and as they shall be */
const REPLACE_IF_SAME = defineScript(`if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2]) return 1`);
/** How often others may overtake one request. */
const MAX_TRIES = 8;

type Deps = Pick<ApiDeps, 'redis' | 'sealer' | 'now'>;

/**
 * Makes the secret that signs an owner's webhooks. The one before signs along for a day.
 * @returns the secret, this once
 * @throws AppError `queue.unavailable`, `secret.unreadable`
 */
export async function rotateWebhookSecret(
  deps: Deps,
  owner: string,
): Promise<{ secret: string; previousUntil: number | undefined }> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const made = await tryRotate(deps, owner);
    if (made !== 'overtaken') return made;
  }
  throw new AppError('queue.unavailable');
}

/** One try: of two at a time the later takes the other's secret for the one before, and none that was shown is void. */
async function tryRotate({ redis, sealer, now }: Deps, owner: string) {
  const key = redisKeys.webhookSecrets(owner);
  const context = webhookSecretsContext(owner);
  const sealed = await viaRedis(() => redis.get(key));
  const previous = sealed === null ? undefined : WebhookSecrets.parse(sealer.open(sealed, context)).current;
  const secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
  const previousUntil = previous === undefined ? undefined : now() + OVERLAP_MS;
  const next: WebhookSecrets = { current: secret, previous, previousUntil };
  const kept = await viaRedis(() => runScript(redis, REPLACE_IF_SAME, [key], [sealed ?? '', sealer.seal(next, context)]));
  return kept === 1 ? { secret, previousUntil } : ('overtaken' as const);
}

/** @throws AppError `webhook.no_secret` when nothing could be signed for this owner */
export async function assertWebhookSecret({ redis }: Pick<Deps, 'redis'>, owner: string): Promise<void> {
  if ((await viaRedis(() => redis.exists(redisKeys.webhookSecrets(owner)))) === 0) throw new AppError('webhook.no_secret');
}
