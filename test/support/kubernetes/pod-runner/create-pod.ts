import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MountedFiles, PodMount } from './container-plan.ts';
import { choosePodIp, type RunningContainer, runContainer } from './run-container.ts';

/** An empty folder that the pod's containers share, or the content of a Secret, a ConfigMap or the downward API. */
export type PodVolume = 'emptyDir' | { readonly files: MountedFiles };

export type PodContainer = {
  readonly image: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  /** Volumes by the path they are mounted at; of an emptyDir also a folder inside, as `volume/folder`. */
  readonly mounts?: Readonly<Record<string, string>>;
};

export type PodOptions = {
  readonly podIp?: string;
  readonly fsGroup?: number;
  readonly volumes: Readonly<Record<string, PodVolume>>;
  readonly containers: Readonly<Record<string, PodContainer>>;
};

export type Pod = AsyncDisposable & {
  readonly podIp: string;
  /** Folder of an emptyDir. */
  folderOf(volume: string): string;
  /** Starts a container, for the first time or again; what it finds in the volumes is what was left there. */
  start(container: string): Promise<RunningContainer>;
  /** Stops what runs; the volumes stay until the pod is disposed of. */
  stop(graceMs?: number): Promise<void>;
};

/** A pod of several containers with one address and common volumes; nothing of it runs yet. */
export function createPod(options: PodOptions): Pod {
  const dir = mkdtempSync(join(tmpdir(), 'wcr-volumes-'));
  const podIp = options.podIp ?? choosePodIp();
  const running = new Set<RunningContainer>();
  const folderOf = (volume: string): string => join(dir, volume);
  for (const [name, volume] of Object.entries(options.volumes)) if (volume === 'emptyDir') mkdirSync(folderOf(name));

  const mountOf = ([path, place]: [string, string]): PodMount => {
    const volume = options.volumes[place.split('/', 1)[0] ?? ''];
    if (volume === undefined) throw new Error(`the pod has no volume for ${place}`);
    if (volume !== 'emptyDir') return { path, files: volume.files };
    mkdirSync(folderOf(place), { recursive: true });
    return { path, folder: folderOf(place) };
  };

  const stop = async (graceMs?: number): Promise<void> => {
    await Promise.all([...running].map((container) => container.stop(graceMs)));
  };
  return {
    podIp,
    folderOf,
    async start(name) {
      const wanted = options.containers[name];
      if (wanted === undefined) throw new Error(`the pod has no container ${name}`);
      const { mounts = {}, ...rest } = wanted;
      const { fsGroup } = options;
      const container = await runContainer({
        ...rest,
        podIp,
        mounts: Object.entries(mounts).map(mountOf),
        ...(fsGroup !== undefined && { fsGroup }),
      });
      running.add(container);
      void container.exited.then(() => running.delete(container));
      return container;
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
