import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDataTemplate } from '@wcr/stack/services/mariadb';
import { type ImageFile, readImage } from '../../images/read-image.ts';

export type RecipeMount = { readonly path: string; readonly folder: string };

const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** How a container of an image runs on this machine without the image. */
export type Recipe = {
  readonly uid: number;
  readonly gid: number;
  /** What of the repository the image holds, and where. */
  readonly files: readonly ImageFile[];
  readonly command: readonly string[];
  readonly workdir: string;
  readonly stopSignal: NodeJS.Signals;
  /** Folders that are writable in the image's own layer. */
  readonly scratch: readonly string[];
  readonly port: number;
  env(pod: { readonly ip: string }): Readonly<Record<string, string>>;
  /** Runs before the container, with what is mounted into it. */
  prepare?(mounts: readonly RecipeMount[]): Promise<void>;
};

/**
 * How to run an image of this name, tag and registry aside.
 * @throws Error when nobody has said how
 */
export function recipeFor(image: string): Recipe {
  const name = image
    .replace(/@.*$/, '')
    .replace(/:[^/]*$/, '')
    .replace(/^.*\//, '');
  if (name.includes('wordpress-clone')) return cloneRecipe();
  if (name.includes('mariadb')) return mariaDbRecipe();
  throw new Error(`no recipe to run the image ${image} without a container engine`);
}

/** The image's own files, entrypoint, user and stop signal, as its Dockerfile has them. */
function cloneRecipe(): Recipe {
  const { user, files, entrypoint, workdir, stopSignal } = readImage('wordpress-clone');
  const [uid = Number.NaN, gid = Number.NaN] = user.split(':').map(Number);
  return {
    ...{ uid, gid, files, workdir, stopSignal },
    command: entrypoint,
    scratch: [],
    port: 8080,
    env: ({ ip }) => ({ WCR_LISTEN: `${ip}:8080`, PATH: SYSTEM_PATH }),
  };
}

const MARIADB_PROGRAMS = '/opt/mariadb';
const MARIADB_DATA = '/var/lib/mysql';
/** User and group of the official image. */
const MARIADB_ID = 999;

/** This machine's server behind the official image's environment. */
function mariaDbRecipe(): Recipe {
  const file = (source: string, name: string): ImageFile => ({
    source: join(import.meta.dirname, source),
    target: join(MARIADB_PROGRAMS, name),
  });
  return {
    uid: MARIADB_ID,
    gid: MARIADB_ID,
    files: [file('mariadb-entrypoint.sh', 'docker-entrypoint.sh'), file('mariadb-healthcheck.sh', 'healthcheck.sh')],
    command: [join(MARIADB_PROGRAMS, 'docker-entrypoint.sh')],
    workdir: '/',
    stopSignal: 'SIGTERM',
    scratch: ['/tmp', '/run/mysqld', MARIADB_DATA],
    port: 3306,
    env: ({ ip }) => ({ WCR_POD_IP: ip, PATH: `${MARIADB_PROGRAMS}:${SYSTEM_PATH}` }),
    async prepare(mounts) {
      const data = mounts.find(({ path }) => path === MARIADB_DATA)?.folder;
      if (data === undefined) throw new Error(`a database’s pod needs a volume at ${MARIADB_DATA}`);
      if (readdirSync(data).length > 0) return;
      cpSync(await ensureDataTemplate(), data, { recursive: true });
      execFileSync('chown', ['-R', `${MARIADB_ID}:${MARIADB_ID}`, data]);
    },
  };
}
