import { AppError } from '@wcr/shared/errors/app-error';

/**
 * Makes a usable address of what people paste: adds a missing scheme, drops query, fragment, and the pages of WordPress
 * itself. The result has no trailing slash.
 * @throws AppError `source.invalid_url`
 */
export function normaliseAddress(text: string): string {
  const url = parseAddress(text);
  const path = url.pathname.replace(/\/(?:wp-admin(?:\/.*)?|wp-login\.php|index\.php|wp-json(?:\/.*)?)$/, '');
  return url.origin + path.replace(/\/+$/, '');
}

/**
 * Parses an http(s) address, `https` being meant where no scheme is given.
 * @throws AppError `source.invalid_url`; the address is not repeated when it carries a login
 */
export function parseAddress(text: string): URL {
  const trimmed = text.trim();
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  if (!URL.canParse(withScheme)) throw new AppError('source.invalid_url', { reason: 'it cannot be read' });
  const url = new URL(withScheme);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new AppError('source.invalid_url', { reason: `the scheme ${url.protocol.slice(0, -1)} is not http or https` });
  }
  if (url.username !== '' || url.password !== '') {
    throw new AppError('source.invalid_url', { reason: 'a login does not belong into the address; use httpAuth' });
  }
  return url;
}
