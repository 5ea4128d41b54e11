import { z } from '@hono/zod-openapi';
import type { SourceSecrets } from '@wcr/shared/contracts/jobs';
import { SiteAddress } from './site-address.ts';

/** Text that is there and not longer than `max`. */
export const text = (max: number) => z.string().min(1, 'must not be empty').max(max, `must have at most ${max} characters`);

const HttpAuth = z.strictObject({ username: text(255), password: text(1024) }).openapi('HttpAuth');

/** Where a site is and what opens it. */
export const SiteFields = {
  url: SiteAddress.openapi({ example: 'https://shop.example' }),
  username: text(255).optional(),
  password: text(1024).optional(),
  pairingKey: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'must be 64 hex digits, as shown under Settings → Clone & Restore')
    .optional(),
  loginUrl: SiteAddress.optional().openapi({ description: 'Where the login page is, if it was moved.' }),
  httpAuth: HttpAuth.optional().openapi({ description: 'HTTP Basic authentication in front of the site.' }),
};

const Site = z.strictObject(SiteFields).superRefine((site, context) => {
  for (const [given, missing] of [
    ['username', 'password'],
    ['password', 'username'],
  ] as const) {
    if (site[given] !== undefined && site[missing] === undefined) {
      context.addIssue({ code: 'custom', path: [missing], message: `goes together with ${given}` });
    }
  }
});
type Site = z.output<typeof Site>;

/** The site that is read. */
export const Source = Site.openapi('Source');
/** The site that is written to. */
export const Target = Site.openapi('Target');

/** What has to be sealed of a site. */
export function secretsOf({ username, password, pairingKey, httpAuth }: Site): SourceSecrets {
  return { username, password, pairingKey: pairingKey?.toLowerCase(), httpAuth };
}
