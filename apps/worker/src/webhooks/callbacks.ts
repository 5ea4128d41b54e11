import { redisKeys } from '@wcr/shared/contracts/queues';
import { Callback, callbackContext, WebhookSecrets, webhookSecretsContext } from '@wcr/shared/contracts/webhooks';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Sealer } from '@wcr/shared/secrets/seal';
import type { Redactor } from '@wcr/shared/telemetry/redactor';
import type { Redis } from 'ioredis';

/** Where events go, and what signs them. What is opened is known to the redactor. */
export type Callbacks = {
  has(ref: string): Promise<boolean>;
  /** The address. @throws AppError `secret.missing`, `secret.unreadable` */
  open(ref: string): Promise<string>;
  forget(ref: string): Promise<void>;
  /** The secrets an owner's events are signed with now. @throws AppError `webhook.no_secret`, `secret.unreadable` */
  secretsOf(owner: string): Promise<readonly string[]>;
};

type Options = {
  readonly redis: Redis;
  readonly sealer: Sealer;
  readonly redactor: Pick<Redactor, 'add'>;
  readonly now: () => number;
};

export function createCallbacks({ redis, sealer, redactor, now }: Options): Callbacks {
  return {
    has: async (ref) => (await redis.exists(redisKeys.callback(ref))) === 1,
    async open(ref) {
      const sealed = await redis.get(redisKeys.callback(ref));
      if (sealed === null) throw new AppError('secret.missing');
      const { url } = Callback.parse(sealer.open(sealed, callbackContext(ref)));
      redactor.add(url);
      return url;
    },
    async forget(ref) {
      await redis.unlink(redisKeys.callback(ref));
    },
    async secretsOf(owner) {
      const sealed = await redis.get(redisKeys.webhookSecrets(owner));
      if (sealed === null) throw new AppError('webhook.no_secret');
      const { current, previous, previousUntil = 0 } = WebhookSecrets.parse(sealer.open(sealed, webhookSecretsContext(owner)));
      redactor.add(current, previous);
      return previous !== undefined && previousUntil > now() ? [current, previous] : [current];
    },
  };
}
