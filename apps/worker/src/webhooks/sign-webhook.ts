import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/**
 * The headers of a webhook as Standard Webhooks has them.
 * @param secrets `whsec_` and base64; each gives a signature of its own, so that a receiver may know either
 * @param seconds since the epoch, when it is sent
 */
export function webhookHeaders(message: { id: string; seconds: number; body: string }, secrets: readonly string[]) {
  const { id, seconds, body } = message;
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
  };
}
