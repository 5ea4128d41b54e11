import { type Entry, entry } from './entry.ts';

/** What can go wrong with telling somebody of the end of a job. */
export const WEBHOOK_ERRORS = {
  'webhook.no_secret': entry(
    409,
    false,
    'There is no secret yet to sign webhooks with.',
    'Make one: POST /api/v1/webhook-secret. It is shown once.',
  ),
  'webhook.address_refused': entry(
    400,
    false,
    'The callback address is refused: {reason}.',
    'Use an https address on the public internet; the operator opens private networks with WCR_ALLOWED_SOURCES.',
  ),
  'webhook.unreachable': entry(
    502,
    true,
    'The receiver of webhooks cannot be reached: {reason}',
    'Check that it is up; the delivery is tried again for some hours.',
  ),
  'webhook.rejected': entry(
    502,
    true,
    'The receiver of webhooks answered {status}.',
    'It must answer 2xx itself, redirects are not followed; the delivery is tried again for some hours.',
  ),
  'webhook.gone': entry(410, false, 'The receiver of webhooks answered 410.', 'It hears nothing more of this clone or restore.'),
} as const satisfies Record<string, Entry>;
