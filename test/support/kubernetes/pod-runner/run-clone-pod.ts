import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitHttpGet } from './await-http-get.ts';
import type { PodMount } from './container-plan.ts';
import { type ContainerEnd, choosePodIp, type RunningContainer, runContainer } from './run-container.ts';

export type ClonePodOptions = {
  readonly image?: string;
  readonly podIp?: string;
  /** See the head of the image's entrypoint.sh. */
  readonly env: Readonly<Record<string, string>>;
  /** Text of `/etc/wcr/agent.php`; without it the pod has no Secret. */
  readonly agentConfig?: string | undefined;
  /** Folders for the emptyDirs; those not given are made and removed with the pod. */
  readonly folders?: { readonly site?: string; readonly run?: string; readonly tmp?: string };
  readonly mounts?: readonly PodMount[];
};

export type RunningPod = AsyncDisposable & {
  readonly podIp: string;
  /** Address of the pod itself, without trailing slash and without the clone's prefix. */
  readonly url: string;
  readonly folders: { readonly site: string; readonly run: string; readonly tmp: string };
  readonly exited: Promise<ContainerEnd>;
  logs(): string;
  /** Resolves when the readiness probe succeeds. @throws Error with the pod's log when it ends before */
  ready(): Promise<void>;
  stop(graceMs?: number): Promise<ContainerEnd>;
};

/** Runs a pod with nothing but a container of the clones' image. */
export async function runClonePod(options: ClonePodOptions): Promise<RunningPod> {
  const dir = mkdtempSync(join(tmpdir(), 'wcr-volumes-'));
  const folderOf = (name: 'site' | 'run' | 'tmp'): string => options.folders?.[name] ?? madeFolder(join(dir, name));
  const folders = { site: folderOf('site'), run: folderOf('run'), tmp: folderOf('tmp') };
  const container = await runContainer({
    image: options.image ?? 'wcr/wordpress-clone',
    podIp: options.podIp ?? choosePodIp(),
    env: options.env,
    mounts: [
      { path: '/var/www/html', folder: folders.site },
      { path: '/run/wcr', folder: folders.run },
      { path: '/tmp', folder: folders.tmp },
      ...(options.agentConfig === undefined ? [] : [{ path: '/etc/wcr', files: { 'agent.php': options.agentConfig } }]),
      ...(options.mounts ?? []),
    ],
  });
  const url = `http://${container.podIp}:${container.port}`;
  return {
    podIp: container.podIp,
    url,
    folders,
    exited: container.exited,
    logs: container.logs,
    ready: () => awaitReady(container, `${url}/readyz`),
    stop: container.stop,
    async [Symbol.asyncDispose]() {
      await container.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function awaitReady(container: RunningContainer, url: string): Promise<void> {
  const ended = new AbortController();
  const failed = container.exited.then(({ code, signal }): never => {
    ended.abort();
    throw new Error(`the pod ended (${code ?? signal}) before it was ready:\n${container.logs()}`);
  });
  await Promise.race([awaitHttpGet({ url, signal: ended.signal, timeoutMs: 5_000 }).catch(() => failed), failed]);
}

function madeFolder(path: string): string {
  mkdirSync(path);
  return path;
}
