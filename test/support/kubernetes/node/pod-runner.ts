import type { V1Container, V1Pod } from '@kubernetes/client-node';

/** A file of a volume, ready to be written. */
export type VolumeFile = { readonly content: Buffer /** Permission bits. */; readonly mode: number };

/** A volume with its contents; relative paths are keys of `files`. */
export type MountedVolume =
  | { readonly type: 'files'; readonly files: Readonly<Record<string, VolumeFile>> }
  | { readonly type: 'emptyDir'; readonly sizeLimit?: string; readonly medium?: string }
  | { readonly type: 'claim'; readonly claimName: string; readonly readOnly: boolean }
  | { readonly type: 'other'; readonly source: Readonly<Record<string, unknown>> };

/** A container with everything it refers to looked up; `env` is in the order of the API, later ones win. */
export type MountedContainer = {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Ports, probes, mounts and limits, as the pod states them. */
  readonly spec: V1Container;
};

/** Everything a pod needs from the cluster. */
export type MountedPod = {
  readonly initContainers: readonly MountedContainer[];
  readonly containers: readonly MountedContainer[];
  readonly volumes: Readonly<Record<string, MountedVolume>>;
  readonly podIp: string;
};

/** How a runner tells what becomes of a pod. What comes after the pod was stopped is not heard. */
export type PodReport = {
  /** A container answers its readiness probe, or does not any more. */
  ready(container: string, isReady: boolean): void;
  /** A container is over. What happens then is the pod's restartPolicy's business, which the node minds. */
  exited(container: string, exitCode: number, message?: string): void;
  /** A container cannot be started, for a reason such as `ImagePullBackOff` or `CreateContainerError`. */
  blocked(container: string, reason: string, message: string): void;
};

/** A pod that runs. */
export type PodProcess = {
  /** Settles when nothing of it runs any more, at the latest after the time of grace. */
  stop(graceSeconds: number): Promise<void>;
  /** The contents of mounted ConfigMaps or Secrets have changed. */
  update?(volumes: Readonly<Record<string, MountedVolume>>): void;
  /** What a container has written so far. */
  readLog?(container: string): string;
};

/** Runs pods. A runner minds images, commands, mounts and probes; the node minds everything between it and the API. */
export type PodRunner = {
  /** The address a pod gets before it starts. Without this one is made up. */
  assignIp?(pod: V1Pod): string;
  /**
   * Settles as soon as the pod can be stopped, which is long before it is ready. Rejecting counts as a container that cannot
   * be created.
   */
  start(pod: V1Pod, mounted: MountedPod, report: PodReport): Promise<PodProcess>;
};

/** Runs nothing: every container is ready as soon as it is started, and stops at once. */
export const readyPodRunner: PodRunner = {
  async start(_pod, { containers }, report) {
    for (const { name } of containers) report.ready(name, true);
    return { stop: async () => undefined, readLog: () => '' };
  },
};
