import { commonConfig } from '@wcr/shared/config/common-config';
import { type Config, parseEnv } from '@wcr/shared/config/parse-env';
import { apiConfig } from './api-config.ts';

const keysConfig = { redisUrl: commonConfig.redisUrl, apiKeys: apiConfig.apiKeys, auditEntries: apiConfig.auditEntries } as const;

/** What the command for keys needs of the API's settings. @throws Error that names what is missing or wrong */
export function readKeysConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config<typeof keysConfig> {
  return parseEnv(keysConfig, env);
}
