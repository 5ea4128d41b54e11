import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Service, startOnFreePort, startProcess } from './process.ts';

export type PhpSite = Service & {
  /** Address of the site without trailing slash, path prefix included. */
  readonly url: string;
  readonly port: number;
};

export type PhpSiteOptions = {
  /** The site's root folder (where index.php is). */
  readonly dir: string;
  readonly port?: number;
  /** Requests served at the same time. WordPress calls itself, so at least 2. */
  readonly workers?: number;
  /** Serves the folder below a path, e.g. `/blog`; everything beside it is a 404. */
  readonly pathPrefix?: string;
  /** HTTP Basic authentication in front of everything. */
  readonly basicAuth?: { readonly username: string; readonly password: string };
  readonly ini?: Readonly<Record<string, string>>;
  /** Defaults to `<dir>/../php-site-<port>.log`. */
  readonly logFile?: string;
  /** PHP to use instead of the one in PATH. */
  readonly php?: string;
  readonly outlives?: boolean;
};

const router = join(import.meta.dirname, '../php/site-router.php');

/** Serves a WordPress with PHP's own web server: pretty permalinks, static files, `Authorization` passed on. */
export async function startPhpSite(options: PhpSiteOptions): Promise<PhpSite> {
  const prefix = (options.pathPrefix ?? '').replace(/\/+$/, '');
  const readyPath = `/ready-${randomBytes(8).toString('hex')}`;
  mkdirSync(options.dir, { recursive: true });
  return startOnFreePort(options.port, async (port) => {
    const service = await startProcess({
      command: options.php ?? 'php',
      args: [...iniArguments(options), '-S', `127.0.0.1:${port}`, '-t', options.dir, router],
      cwd: options.dir,
      env: {
        PHP_CLI_SERVER_WORKERS: String(options.workers ?? 4),
        WCR_SITE_ROOT: options.dir,
        WCR_SITE_PREFIX: prefix,
        WCR_SITE_READY_PATH: readyPath,
        WCR_SITE_BASIC_AUTH: options.basicAuth ? `${options.basicAuth.username}:${options.basicAuth.password}` : '',
      },
      logFile: options.logFile ?? `${options.dir.replace(/\/+$/, '')}.php-site-${port}.log`,
      isReady: async () => (await fetch(`http://127.0.0.1:${port}${readyPath}`)).status === 204,
      // Requests under way are not waited for by PHP's server anyway.
      graceMs: 2_000,
      ...(options.outlives ? { outlives: true } : {}),
    });
    return { ...service, url: `http://127.0.0.1:${port}${prefix}`, port };
  });
}

function iniArguments(options: PhpSiteOptions): string[] {
  const settings: Record<string, string> = {
    memory_limit: '256M',
    upload_max_filesize: '64M',
    post_max_size: '72M',
    max_execution_time: '30',
    display_errors: '0',
    log_errors: '1',
    sendmail_path: '/bin/true',
    variables_order: 'EGPCS',
    // Most pages are seen a few times at most: what makes later visits faster costs more than it saves.
    'opcache.optimization_level': '0',
    ...options.ini,
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-d', `${name}=${value}`]);
}
