import { randomBytes } from 'node:crypto';
import { createDatabase, type Database, type MariaDbAddress } from '../services/mariadb.ts';
import { type PhpSite, startPhpSite } from '../services/php-site.ts';
import { findFreePort } from '../services/process.ts';
import { limitRights, type Rights, writeSampleTables } from './sample-database.ts';
import { type SampleFileOptions, writeSampleFiles } from './sample-files.ts';
import { type Administrator, installWordPress, runPhpInside, type WordPressOptions } from './wordpress.ts';

/** What the sample shows to visitors, for checks from outside. */
export const SAMPLE = {
  title: 'The Sample',
  frontPage: 'Welcome to the sample',
  post: { slug: 'sample-post-1', title: 'Sample post 1' },
  picture: 'wp-content/uploads/2024/05/picture-1.png',
  muPlugin: '<!-- sample-mu-plugin loaded -->',
  customer: 'Grüße 日本語 🙂',
  licence: 'LICENCE-0815',
  /** Tables of the database that belong to somebody else and must not be copied. */
  foreignTables: /^(otherapp_|.*_old_)/,
} as const;

const SAMPLE_CONSTANTS = {
  WP_MEMORY_LIMIT: '200M',
  WP_CACHE: true,
  SAMPLE_SHOP_LICENCE: SAMPLE.licence,
  DISALLOW_FILE_EDIT: true,
};

export type SampleOptions = Partial<SampleFileOptions> &
  Pick<Partial<WordPressOptions>, 'version' | 'permalinks' | 'prefix'> & {
    /** Root folder of the site. */
    readonly dir: string;
    readonly mariaDb: MariaDbAddress;
    /** Address of the site without trailing slash, path prefix included. */
    readonly url: string;
    readonly admin?: Administrator;
    /** Name of its database; a new one by default. */
    readonly databaseName?: string;
    /** `plain`: the site's database user may neither see nor make views and triggers, as with many hosts. */
    readonly rights?: Rights;
    /** Pictures, each with all its sizes. */
    readonly mediaCount?: number;
    /** Visits run due events, which changes the database while it is looked at; off by default. */
    readonly cron?: boolean;
    /** Rows of the shop's log. */
    readonly shopRows?: number;
    /** MiB of each of the three longest values in the database, two of them full of addresses; 3 by default. */
    readonly exportMb?: number;
  };

export type SampleSite = {
  readonly url: string;
  readonly dir: string;
  readonly prefix: string;
  readonly database: Database & { readonly host: string; readonly port: number };
  readonly admin: Administrator;
  /** Addresses in the content: `own` must follow a copy, `foreign` must stay as they are. */
  readonly addresses: SampleAddresses;
};

export type SampleAddresses = { readonly own: readonly string[]; readonly foreign: readonly string[] };

/**
 * Builds a WordPress that has one of everything that copying gets wrong; serving it is the caller's.
 * @throws Error with PHP's or MariaDB's message
 */
export async function createSampleSite(options: SampleOptions): Promise<SampleSite> {
  const { dir, url, mariaDb, prefix = 'wp_' } = options;
  const admin = options.admin ?? {
    username: 'owner',
    password: randomBytes(9).toString('base64url'),
    email: 'owner@example.com',
  };
  const name = options.databaseName ?? `sample_${randomBytes(4).toString('hex')}`;
  const database = { ...(await createDatabase(mariaDb, { name })), host: mariaDb.host, port: mariaDb.port };
  const { version, permalinks } = options;
  await installWordPress({
    ...{ dir, url, database, admin, prefix, title: SAMPLE.title },
    ...(version ? { version } : {}),
    ...(permalinks === undefined ? {} : { permalinks }),
    constants: { ...SAMPLE_CONSTANTS, ...(options.cron ? {} : { DISABLE_WP_CRON: true }) },
  });
  await writeSampleFiles({ dir, url, uploadMb: options.uploadMb ?? 64 });
  const addresses = sampleAddresses(url);
  await runPhpInside(dir, 'build-sample.php', { url, addresses, mediaCount: options.mediaCount ?? 8 }, { pictures: true });
  const { shopRows: rows = 20_000, exportMb = 3 } = options;
  await writeSampleTables({ mariaDb, database: name, url, prefix, rows, exportMb });
  if (options.rights === 'plain') await limitRights(mariaDb, database);
  return { url, dir, prefix, database, admin, addresses };
}

export type ServedSampleOptions = Omit<SampleOptions, 'url'> & {
  readonly port?: number;
  readonly pathPrefix?: string;
  readonly basicAuth?: { readonly username: string; readonly password: string };
  readonly workers?: number;
  readonly ini?: Readonly<Record<string, string>>;
  readonly outlives?: boolean;
};

/** Builds the sample and serves it with PHP's own web server on loopback. */
export async function startSampleSite(options: ServedSampleOptions): Promise<SampleSite & PhpSite> {
  const { port = await findFreePort(), pathPrefix = '', basicAuth, workers, ini, outlives, ...sample } = options;
  const site = await createSampleSite({ ...sample, url: `http://127.0.0.1:${port}${pathPrefix}` });
  const server = await startPhpSite({
    ...{ dir: options.dir, port, pathPrefix },
    ...(basicAuth ? { basicAuth } : {}),
    ...(workers ? { workers } : {}),
    ...(ini ? { ini } : {}),
    ...(outlives ? { outlives } : {}),
  });
  return { ...site, ...server };
}

function sampleAddresses(url: string): SampleAddresses {
  const { protocol, host, hostname, port, pathname } = new URL(url);
  const path = pathname.replace(/\/$/, '');
  const rest = `//${host}${path}`;
  const encoded = encodeURIComponent(`${url}/a b/`);
  return {
    own: [
      url,
      `${url}/`,
      `${url}/page/?x=1&y=2#z`,
      `(${url}), ${url}. "${url}"`,
      `${rest}/protocol-relative/`,
      `${protocol === 'http:' ? 'https:' : 'http:'}${rest}/other-scheme/`,
      `HTTP:${rest}/Upper-Case/`,
      `${rest}/1.png 1x, ${rest}/2.png 2x`,
      encoded,
      encoded.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
      `{"link":"${url.replaceAll('/', '\\/')}\\/json\\/"}`,
    ],
    foreign: [
      `http://${host}0${path}/longer-port/`,
      `http://${hostname}:${port === '81' ? '82' : '81'}${path}/other-port/`,
      `http://${hostname}.example.community${path}/`,
      `http://sub.${host}${path}/sub/`,
      `http://x${host}${path}/`,
      `mailto:shop@${hostname}`,
      `the host ${host} alone`,
      ...(path === '' ? [] : [`http://${host}${path}ger/`, `http://${host}/beside/`]),
    ],
  };
}
