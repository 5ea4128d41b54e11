import { z } from '@hono/zod-openapi';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { SiteRules } from '@wcr/shared/network/site-rules';
import type { Caller } from '../access/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { assertWebhookSecret } from './webhook-secret.ts';

const MAX_LENGTH = 2_048;

/** The address that hears of the end of a record's jobs. */
export const CallbackUrl = z
  .string()
  .max(MAX_LENGTH, `must have at most ${MAX_LENGTH} characters`)
  .refine((text) => URL.canParse(text), 'must be a full address such as https://ci.example/hooks/clones')
  .transform((text) => new URL(text).href)
  .refine((url) => /^https?:/.test(url), 'must begin with https://')
  .refine((url) => !/^https?:\/\/[^/]*@/.test(url), 'must not contain a user name or password')
  .openapi({
    description:
      'Is sent a signed POST when the job ends, and when later jobs of the same clone or restore do: its deletion or expiry, ' +
      'its rollback. Needs a secret made with `POST /api/v1/webhook-secret`.',
    example: 'https://ci.example/hooks/clones',
  });

type Asked = { readonly body: { readonly callbackUrl?: string | undefined }; readonly caller: Caller };

/** @throws AppError `webhook.address_refused`, `webhook.no_secret` when nobody could be called back */
export async function assertCanCallBack(deps: Pick<ApiDeps, 'siteRules' | 'redis'>, { body, caller }: Asked): Promise<void> {
  if (body.callbackUrl === undefined) return;
  assertCallbackAllowed(deps.siteRules, body.callbackUrl);
  await assertWebhookSecret(deps, caller.owner);
}

/**
 * Refuses at once what no worker would send to; where a name leads to is judged by the worker, each time it connects.
 * Plain http is for networks the operator has opened.
 * @throws AppError `webhook.address_refused`
 */
function assertCallbackAllowed(rules: SiteRules | undefined, callbackUrl: string): void {
  const url = new URL(callbackUrl);
  try {
    rules?.assertPlace(url);
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new AppError('webhook.address_refused', { reason: `callbackUrl: ${String(error.detail['reason'])}` });
  }
  if (url.protocol === 'http:' && rules !== undefined && !rules.isOpened(url))
    throw new AppError('webhook.address_refused', { reason: 'callbackUrl: it must begin with https://' });
}
