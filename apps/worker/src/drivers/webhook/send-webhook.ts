import { AppError } from '@wcr/shared/errors/app-error';
import { type Dispatcher, request } from 'undici';
import { nameNetworkError } from '../site/name-network-error.ts';
import type { SendWebhook } from './webhook.types.ts';

const TIMEOUT_MS = 15_000;
/** Nobody reads what a receiver says; so much is let in to keep the line. */
const MAX_ANSWER_BYTES = 16 * 1024;

/**
 * @param dispatcher judges where names lead to, and connects to one of these very addresses; anywhere without it
 * @returns a function that throws AppError `webhook.address_refused`, `webhook.unreachable`
 */
export function createSendWebhook(dispatcher: Dispatcher | undefined): SendWebhook {
  return async ({ url, headers, body, signal }) => {
    try {
      const answer = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'wp-clone-restore', ...headers },
        body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
        ...(dispatcher && { dispatcher }),
      });
      await answer.body.dump({ limit: MAX_ANSWER_BYTES }).catch(() => undefined);
      return answer.statusCode;
    } catch (error) {
      signal.throwIfAborted();
      const { code, detail } = nameNetworkError(error);
      const own = code === 'source.address_refused' ? 'webhook.address_refused' : 'webhook.unreachable';
      throw new AppError(own, { reason: detail['reason'] }, { cause: error });
    }
  };
}
