import { createHmac, randomBytes } from 'node:crypto';
import type { CloneCredentials, CloneRecord } from '@wcr/shared/contracts/clone-record';
import { AppError } from '@wcr/shared/errors/app-error';

/** Long enough for a redirect and a slow page, too short to be of use to who finds it in a history. */
const LIFE_MS = 60_000;
/** What is signed begins so: the secret can sign other things one day. */
const PURPOSE = 'wcr-login-link.1.';

export type LoginLink = { readonly url: string /** Milliseconds since the epoch. */; readonly expiresAt: number };

/**
 * A link that signs its first visitor in to a clone as the clone's own administrator. What the clone is shown stands behind
 * the `#`, which browsers send to no server: the clone's page posts it. See docs/adr/0011-login-links.md.
 * @throws AppError `clone.login_links_unsupported` for a clone that was made before there were login links
 */
export function createLoginLink(
  clone: Pick<CloneRecord, 'id' | 'url'>,
  { username, loginSecret }: CloneCredentials,
  now: number,
): LoginLink {
  if (loginSecret === undefined) throw new AppError('clone.login_links_unsupported', { cloneId: clone.id });
  const expiresAt = now + LIFE_MS;
  const claims = {
    clone: clone.id,
    user: username,
    expires: Math.floor(expiresAt / 1000),
    nonce: randomBytes(16).toString('hex'),
  };
  const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
  const signature = createHmac('sha256', loginSecret).update(PURPOSE).update(body).digest('base64url');
  return { url: `${clone.url.replace(/\/*$/, '/')}?wcr-login#${body}.${signature}`, expiresAt };
}
