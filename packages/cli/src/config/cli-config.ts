import { readFileSync } from 'node:fs';
import { AppError } from '@wcr/shared/errors/app-error';
import type { ApiAddress } from '../api/http-client.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Options that say where the service is. */
export type AddressOptions = { readonly apiUrl?: string | undefined; readonly apiKeyFile?: string | undefined };

/**
 * Where the API is and the key for it: options go before the environment.
 * The key itself is no option: everybody on a machine may read the arguments of its processes.
 * @throws AppError `cli.usage`
 */
export function readAddress({ apiUrl, apiKeyFile }: AddressOptions, env: Environment): ApiAddress {
  const url = apiUrl ?? (env['WCR_API_URL'] || undefined);
  if (url === undefined) throw usage('Where is the service? Give --api-url, or set WCR_API_URL.');
  if (!URL.canParse(url) || !/^https?:/i.test(url))
    throw usage('The address of the service must begin with http:// or https://.');
  const key = apiKeyFile === undefined ? env['WCR_API_KEY'] || undefined : readKeyFile(apiKeyFile);
  if (key === undefined) throw usage('An API key is needed: set WCR_API_KEY, or give --api-key-file.');
  return { apiUrl: url, apiKey: key };
}

/** The secrets of a site, where the environment has them. */
export function readSiteSecrets(env: Environment) {
  return {
    password: env['WCR_SITE_PASSWORD'] || undefined,
    pairingKey: env['WCR_SITE_PAIRING_KEY'] || undefined,
    httpPassword: env['WCR_SITE_HTTP_PASSWORD'] || undefined,
  };
}

/** A command that cannot be carried out as it was given. */
export function usage(reason: string): AppError {
  return new AppError('cli.usage', { reason });
}

function readKeyFile(file: string): string {
  try {
    const key = readFileSync(file, 'utf8').trim();
    if (key !== '') return key;
  } catch (error) {
    throw usage(`The file of the API key cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw usage(`The file of the API key, ${file}, is empty.`);
}
