import { createHash } from 'node:crypto';
import { lstatSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Folders and files of the stack on this machine. */
export type StackLayout = {
  readonly root: string;
  /** Everything that is ours and not in git. */
  readonly state: string;
  /** Logs and process records; may be deleted while nothing runs. */
  readonly run: string;
  readonly secrets: string;
  readonly ports: string;
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly pluginZip: string;
  readonly artefacts: string;
  readonly redis: string;
  /** These two must be reachable for the users that clones run as. */
  readonly mariaDb: string;
  readonly clones: string;
  readonly demo: string;
};

type Environment = Readonly<Record<string, string | undefined>>;

export const repositoryRoot = resolve(import.meta.dirname, '../../../..');

/**
 * Lays the stack out below `WCR_STATE_DIR`, or `.local` of the repository.
 * @throws Error when somebody else owns the folder in `/var/tmp` that stands in for a closed one.
 */
export function stackLayout(env: Environment, isRoot = process.getuid?.() === 0): StackLayout {
  const state = resolve(repositoryRoot, env['WCR_STATE_DIR'] || '.local');
  const open = !isRoot || isOpenPath(state) ? state : openTwin(state);
  return {
    root: repositoryRoot,
    state,
    run: join(state, 'run'),
    secrets: join(state, 'secrets'),
    ports: join(state, 'ports.json'),
    apiUrl: join(state, 'api-url'),
    apiKey: join(state, 'api-key'),
    pluginZip: resolve(env['WCR_PLUGIN_ZIP'] || join(state, 'wp-clone-restore.zip')),
    artefacts: resolve(env['WCR_ARTEFACT_DIR'] || join(state, 'artefacts')),
    redis: join(state, 'redis'),
    mariaDb: join(open, 'mariadb'),
    clones: resolve(env['WCR_LOCAL_DIR'] || join(open, 'clones')),
    demo: join(state, 'demo'),
  };
}

/** As root, each clone runs as a user of its own, who must be able to pass through every folder above it. */
function isOpenPath(path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    const mode = statSync(folder, { throwIfNoEntry: false })?.mode ?? 0o1;
    if ((mode & 0o1) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/**
 * Stands in for a state folder inside a closed home; always the same one, so that a later run finds it again. Everybody can
 * know its name and make it first, or a link to elsewhere: then it is not ours.
 */
function openTwin(state: string): string {
  const twin = join('/var/tmp', `wcr-${createHash('sha256').update(state).digest('hex').slice(0, 12)}`);
  const info = lstatSync(twin, { throwIfNoEntry: false });
  if (info !== undefined && !(info.isDirectory() && info.uid === process.getuid?.())) {
    throw new Error(`${twin} belongs to somebody else: remove it, or set WCR_STATE_DIR to a folder everybody may pass through`);
  }
  return twin;
}
