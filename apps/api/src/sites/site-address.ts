import { z } from '@hono/zod-openapi';

const MAX_LENGTH = 2_048;

/** An http or https address without login, fragment or trailing slash; host and default port normalised. */
export const SiteAddress = z
  .string()
  .min(1, 'must not be empty')
  .max(MAX_LENGTH, `must have at most ${MAX_LENGTH} characters`)
  .transform((text, context) => {
    const problem = problemOf(text);
    if (problem === undefined) return normaliseSiteAddress(text);
    context.addIssue({ code: 'custom', message: problem });
    return z.NEVER;
  });

function problemOf(text: string): string | undefined {
  const url = URL.parse(text.trim());
  if (url === null) return 'must be a full address such as https://shop.example';
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password; use the fields of their own';
  return undefined;
}

/** The one spelling of a site's address. @throws TypeError for a text that is no URL. */
export function normaliseSiteAddress(text: string): string {
  const url = new URL(text.trim());
  url.hash = '';
  const path = url.pathname.replace(/\/+$/, '');
  return `${url.origin}${path}${url.search}`;
}
