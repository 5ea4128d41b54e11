import { WEBHOOK_QUEUE } from '@wcr/shared/contracts/queues';
import { WebhookInput } from '@wcr/shared/contracts/webhooks';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { SendWebhook } from '../../drivers/webhook/webhook.types.ts';
import { defineJob } from '../../engine/define-job.ts';
import type { Callbacks } from '../../webhooks/callbacks.ts';
import type { DeliveryLog } from '../../webhooks/delivery-log.ts';
import { webhookHeaders } from '../../webhooks/sign-webhook.ts';

export type WebhookDeps = {
  readonly callbacks: Callbacks;
  readonly deliveries: DeliveryLog;
  readonly send: SendWebhook;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/**
 * Delivers one event. A worker that dies behind the receiver's answer has it delivered again, under the same webhook-id: receivers
 * tell by it what they have seen.
 */
export const webhookJob = defineJob<WebhookDeps>()({
  name: WEBHOOK_QUEUE,
  input: WebhookInput,
  steps: ['deliver-event'],
  async run({ input, jobId, deps, step }) {
    const status = await step('deliver-event', ({ signal }) => deliver(deps, { input, deliveryId: jobId, signal }));
    return { status };
  },
});

type Delivery = { readonly input: WebhookInput; readonly deliveryId: string; readonly signal: AbortSignal };

async function deliver(deps: WebhookDeps, { input, deliveryId, signal }: Delivery): Promise<number> {
  const { callbacks, deliveries, send, now } = deps;
  const { endedJobId, callbackRef, owner, event } = input;
  const at = now();
  const answered: { status?: number } = {};
  try {
    const [url, secrets] = await Promise.all([callbacks.open(callbackRef), callbacks.secretsOf(owner)]);
    const body = JSON.stringify(event);
    const headers = webhookHeaders({ id: deliveryId, seconds: Math.floor(at / 1000), body }, secrets);
    answered.status = await send({ url, headers, body, signal });
    assertTaken(answered.status);
  } catch (error) {
    signal.throwIfAborted();
    const code = isAppError(error) ? error.code : 'internal.unexpected';
    await deliveries.note(endedJobId, deliveryId, { at, ms: now() - at, ...answered, code });
    if (code === 'webhook.gone') await callbacks.forget(callbackRef);
    throw error;
  }
  await deliveries.note(endedJobId, deliveryId, { at, ms: now() - at, ...answered });
  return answered.status;
}

/** @throws AppError `webhook.gone`, `webhook.rejected` */
function assertTaken(status: number): void {
  if (status === 410) throw new AppError('webhook.gone');
  if (status < 200 || status > 299) throw new AppError('webhook.rejected', { status });
}
