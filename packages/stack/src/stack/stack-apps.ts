import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findBrowser } from '../services/browser.ts';
import type { MariaDbAddress } from '../services/mariadb.ts';
import type { StackLayout } from './stack-layout.ts';
import type { StackPorts } from './stack-ports.ts';
import type { StackSecrets } from './stack-secrets.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** One of our own programs as the stack runs it. */
export type StackApp = {
  readonly name: 'gateway' | 'api' | 'worker';
  readonly main: string;
  readonly env: Readonly<Record<string, string>>;
  /** Answers 200 when the program is ready. */
  readonly healthUrl: string;
};

/** The programs and what they are told, in the order in which they start. */
export function stackApps(options: {
  readonly layout: StackLayout;
  readonly ports: StackPorts;
  readonly secrets: StackSecrets;
  readonly redisUrl: string;
  readonly mariaDb: MariaDbAddress;
  readonly env: Environment;
}): readonly StackApp[] {
  const { layout, ports, secrets, mariaDb, env } = options;
  const api = `http://127.0.0.1:${ports.api}`;
  const gateway = `http://127.0.0.1:${ports.gateway}`;
  const common = {
    WCR_CLONES_URL: env['WCR_CLONES_URL'] || gateway,
    WCR_LOG_LEVEL: env['WCR_LOG_LEVEL'] || 'info',
    // Halves the time until a program answers, from its second start on.
    NODE_COMPILE_CACHE: env['NODE_COMPILE_CACHE'] || join(layout.root, '.local/cache/node'),
  };
  // One's own machine is where one's own sites are tried out.
  const sources = { WCR_ALLOW_PRIVATE_SOURCES: env['WCR_ALLOW_PRIVATE_SOURCES'] || 'true' };
  // The gateway has clones' PHP for children, and needs neither.
  const trusted = { WCR_REDIS_URL: options.redisUrl, WCR_SECRETS_KEY: secrets.secretsKey };
  const clones = { WCR_LOCAL_DIR: layout.clones, WCR_DATABASE_SOCKET: mariaDb.socket };
  const browser = findBrowser(env);
  return [
    {
      name: 'gateway',
      main: 'apps/gateway/src/main.ts',
      env: { ...common, ...clones, WCR_GATEWAY_HOST: '127.0.0.1', WCR_GATEWAY_PORT: String(ports.gateway) },
      healthUrl: `${gateway}/.wcr/health`,
    },
    {
      name: 'api',
      main: 'apps/api/src/main.ts',
      env: {
        ...common,
        ...trusted,
        WCR_API_HOST: '127.0.0.1',
        WCR_API_PORT: String(ports.api),
        WCR_API_URL: env['WCR_API_URL'] || api,
        WCR_API_KEYS: bootstrapKeysOf(secrets, env),
        ...sources,
      },
      healthUrl: `${api}/health/ready`,
    },
    {
      name: 'worker',
      main: 'apps/worker/src/main.ts',
      env: {
        ...common,
        ...trusted,
        ...clones,
        WCR_RUNTIME: 'local',
        WCR_DATABASE_URL: `mysql://${mariaDb.rootUser}:${mariaDb.rootPassword}@${mariaDb.host}:${mariaDb.port}`,
        WCR_GATEWAY_URL: gateway,
        WCR_METRICS_PORT: String(ports.metrics),
        WCR_PLUGIN_DIR: env['WCR_PLUGIN_DIR'] || join(layout.root, 'apps/plugin'),
        WCR_PLUGIN_ZIP: layout.pluginZip,
        WCR_ARTEFACT_DIR: layout.artefacts,
        ...sources,
        ...(browser ? { WCR_BROWSER_PATH: browser } : {}),
      },
      healthUrl: `http://127.0.0.1:${ports.metrics}/health/ready`,
    },
  ];
}

/** The API keys that exist from the start: those of the environment, or the stack's own. */
export function bootstrapKeysOf(secrets: StackSecrets, env: Environment): string {
  return env['WCR_API_KEYS'] || `stack:${secrets.apiKey}:admin`;
}

/** When the newest source file of a program was changed; a running program older than that is replaced. */
export async function newestChange(root: string, app: StackApp): Promise<number> {
  const folders = [join(root, app.main, '..'), join(root, 'packages/shared/src')];
  const times = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(folder, { recursive: true }))
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
        .map((file) => statSync(join(folder, file)).mtimeMs),
    ),
  );
  return Math.max(0, ...times.flat());
}
