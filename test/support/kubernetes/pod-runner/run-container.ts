import { type ChildProcess, spawn } from 'node:child_process';
import {
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readStat, signalGroup } from '@wcr/stack/services/process';
import { openFolders, type PodMount, placeMounts, renderPlan } from './container-plan.ts';
import { type Recipe, recipeFor } from './container-recipes.ts';

/** True where containers can run: they need mount and process namespaces, and users to change to. */
export const canRunContainers = process.platform === 'linux' && process.getuid?.() === 0;

export type ContainerOptions = {
  /** Decides by its name how the container runs, see container-recipes.ts. */
  readonly image: string;
  /** An address of 127.64.0.0/10; see `choosePodIp`. */
  readonly podIp: string;
  /** In the place of the image's entrypoint. */
  readonly command?: readonly string[];
  /** Behind the entrypoint. */
  readonly args?: readonly string[];
  /** The container's whole environment, references resolved. */
  readonly env?: Readonly<Record<string, string>>;
  readonly mounts?: readonly PodMount[];
  /** Group of the pod's volumes; that of the image's user by default. */
  readonly fsGroup?: number;
};

export type ContainerEnd = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type RunningContainer = AsyncDisposable & {
  readonly podIp: string;
  readonly port: number;
  /** Settles when nothing of the container runs any more. */
  readonly exited: Promise<ContainerEnd>;
  readonly hasExited: () => boolean;
  /** Everything it has printed so far. */
  logs(): string;
  /** Runs a command inside, as the container's user, and answers its status: an `exec` probe. */
  exec(command: readonly string[]): Promise<number>;
  /** Sends the image's stop signal, and SIGKILL when it has not ended by `graceMs`. Stopping twice is fine. */
  stop(graceMs?: number): Promise<ContainerEnd>;
};

const ENTER = join(import.meta.dirname, 'enter-container.sh');
const GRACE_MS = 10_000;

/** An address for a pod. There are four million, so nobody keeps a list. */
export function choosePodIp(): string {
  const byte = (below: number): number => Math.floor(Math.random() * below);
  return `127.${64 + byte(64)}.${byte(256)}.${1 + byte(254)}`;
}

/**
 * Starts a container without a container engine: the image's entrypoint in namespaces of its own, as the image's user
 * without any privilege, over a read-only file system that holds nothing but the image's and the pod's. It ends with this
 * process, however that ends.
 */
export async function runContainer(options: ContainerOptions): Promise<RunningContainer> {
  const recipe = recipeFor(options.image);
  const dir = mkdtempSync(join(tmpdir(), 'wcr-pod-'));
  const fsGroup = options.fsGroup ?? recipe.gid;
  const mounts = placeMounts(options.mounts ?? [], fsGroup, dir);
  openFolders(mounts, fsGroup);
  await recipe.prepare?.(mounts);
  const plan = join(dir, 'plan');
  writeFileSync(plan, renderPlan(recipe, mounts));
  const root = join(dir, 'root');
  mkdirSync(root);
  const logFile = join(dir, 'log');
  const env = { ...options.env, ...recipe.env({ ip: options.podIp }) };
  const command = [...(options.command ?? recipe.command), ...(options.args ?? [])];
  const child = launch({ recipe, root, plan, logFile, env, command });
  let last = '';
  const logs = (): string => last || readFileSync(logFile, 'utf8');
  let ended = false;
  const exited = endOf(child).then((end) => {
    last = logs();
    ended = true;
    rmSync(dir, { recursive: true, force: true });
    return end;
  });
  const stop = (graceMs = GRACE_MS): Promise<ContainerEnd> =>
    stopContainer({ child, exited, recipe, hasExited: () => ended }, graceMs);
  return {
    podIp: options.podIp,
    port: recipe.port,
    exited,
    hasExited: () => ended,
    logs,
    exec: (words) => execInside({ child, recipe, env }, words),
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

type Launch = {
  readonly recipe: Recipe;
  readonly root: string;
  readonly plan: string;
  readonly logFile: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
};

function launch({ recipe, root, plan, logFile, env, command }: Launch): ChildProcess {
  // As a container engine does, the outputs belong to the container's user: it may open them by name.
  const log = openSync(logFile, 'a', 0o600);
  chownSync(logFile, recipe.uid, recipe.gid);
  const inside = [ENTER, root, plan, String(recipe.uid), String(recipe.gid), recipe.workdir, ...command];
  try {
    return spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--pid', '--fork', '--kill-child=KILL', '--', ...inside],
      { detached: true, env, stdio: ['ignore', log, log] },
    );
  } finally {
    closeSync(log);
  }
}

function endOf(child: ChildProcess): Promise<ContainerEnd> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // Its first process takes all others of its namespace along.
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

type Stoppable = Pick<RunningContainer, 'exited' | 'hasExited'> & { readonly child: ChildProcess; readonly recipe: Recipe };

async function stopContainer({ child, exited, recipe, hasExited }: Stoppable, graceMs: number): Promise<ContainerEnd> {
  if (!hasExited()) signalFirst(child, recipe.stopSignal);
  const grace = new AbortController();
  const isOver = await Promise.race([exited.then(() => true), delay(graceMs, false, grace).catch(() => true)]);
  grace.abort();
  if (!isOver && child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
  return await exited;
}

function signalFirst(child: ChildProcess, signal: NodeJS.Signals): void {
  const first = firstProcessOf(child);
  if (first === undefined) return;
  try {
    process.kill(first, signal);
  } catch {
    // It ended by itself meanwhile.
  }
}

/** The container's first process: the only child of the one that made its namespaces. */
function firstProcessOf(child: ChildProcess): number | undefined {
  const name = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && readStat(entry)[1] === String(child.pid));
  return name === undefined ? undefined : Number(name);
}

type Inside = Pick<Launch, 'recipe' | 'env'> & { readonly child: ChildProcess };

async function execInside({ child, recipe, env }: Inside, words: readonly string[]): Promise<number> {
  const first = firstProcessOf(child);
  if (first === undefined) return 1;
  const user = [`--reuid=${recipe.uid}`, `--regid=${recipe.gid}`, '--clear-groups', '--bounding-set=-all', '--no-new-privs'];
  const args = [`--target=${first}`, '--mount', '--pid', '--root', '--wd', '--', 'setpriv', ...user, '--', ...words];
  const { code } = await endOf(spawn('nsenter', args, { env, stdio: 'ignore' }));
  return code ?? 1;
}
