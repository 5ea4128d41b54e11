import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import { targetTwinOf } from '@wcr/shared/errors/site-access-errors';
import type { SiteRules } from '@wcr/shared/network/site-rules';

type Addresses = { readonly url: string; readonly loginUrl?: string | undefined };

/**
 * Refuses at once what no worker would reach. The API asks no DNS: where a name leads to is judged by the worker, when it connects.
 * @throws AppError `source.address_refused`, `target.address_refused`; the reason names the field
 */
export function assertSiteAllowed(rules: SiteRules | undefined, role: 'source' | 'target', site: Addresses): void {
  for (const field of ['url', 'loginUrl'] as const) {
    const address = site[field];
    if (address === undefined) continue;
    try {
      rules?.assertPlace(new URL(address));
    } catch (error) {
      throw isAppError(error) ? inField(error, role, field) : error;
    }
  }
}

function inField(error: AppError, role: 'source' | 'target', field: string): AppError {
  const code = role === 'target' ? (targetTwinOf(error.code) ?? error.code) : error.code;
  return new AppError(code, { reason: `${role}.${field}: ${String(error.detail['reason'])}` });
}
