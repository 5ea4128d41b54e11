import { type Entry, entry } from './entry.ts';

/** What is said to callers who may not, may no more, or want too much. */
export const ACCESS_ERRORS = {
  'auth.missing': entry(401, false, 'No API key was sent.', 'Send Authorization: Bearer <key>.'),
  'auth.invalid': entry(401, false, 'The API key is not known.', 'Check the key, or ask the operator for a new one.'),
  'auth.expired': entry(401, false, 'The API key expired at {expiredAt}.', 'Ask the operator for a new one of the same owner.'),
  'auth.forbidden': entry(
    403,
    false,
    'This API key lacks the scope {scope}.',
    'Use a key with the scope {scope}; the operator makes one with it.',
  ),
  'key.not_found': entry(404, false, 'There is no key {keyId}.', 'List the keys to see what there is.'),
  'key.from_environment': entry(409, false, '{keyId} is a key of WCR_API_KEYS.', 'Take it out there, and restart the API.'),
  'auth.cross_origin': entry(
    403,
    false,
    'This request does not come from a page of this server.',
    'Open the page again; behind a proxy, WCR_API_URL must be the address in the browser.',
  ),
  'queue.action_refused': entry(
    405,
    false,
    'The board of queues does not do that: records and secrets of clones and restores would be left behind.',
    'Use the API instead; docs/operations.md says what for.',
  ),
  'auth.too_many_failures': entry(
    429,
    true,
    'Too many unknown API keys were sent from your address.',
    'Correct the key and try again in {retryAfterSeconds} seconds.',
  ),
  'rate.limited': entry(
    429,
    true,
    'This API key is allowed {limit} {what}.',
    'Try again in {retryAfterSeconds} seconds; the operator sets the limits of a key.',
  ),
  'quota.exceeded': entry(
    429,
    true,
    'There are {most} clones, and more are not allowed.',
    'Delete a clone, or wait until one expires; the operator sets the limit with WCR_MAX_CLONES.',
  ),
  'quota.key_exceeded': entry(
    429,
    true,
    'There are {most} clones of this key’s owner, and more are not allowed.',
    'Delete a clone, or wait until one expires; the operator sets the limits of a key.',
  ),
} as const satisfies Record<string, Entry>;
