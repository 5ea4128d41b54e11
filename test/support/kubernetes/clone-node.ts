import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Probe } from '@kubernetes/client-node';
import type { MountedContainer, MountedPod, MountedVolume, PodProcess, PodReport, PodRunner } from './node/pod-runner.ts';
import { awaitHttpGet, probeHttpGet } from './pod-runner/await-http-get.ts';
import type { PodMount } from './pod-runner/container-plan.ts';
import { choosePodIp, type RunningContainer, runContainer } from './pod-runner/run-container.ts';

const PROBE_EVERY_MS = 100;

/** A node that runs pods of our own images as processes of this machine. Its volumes are gone when it is disposed. */
export function createCloneNode(): PodRunner & Disposable {
  const dir = mkdtempSync(join(tmpdir(), 'wcr-node-'));
  return {
    assignIp: choosePodIp,
    start: (pod, mounted, report) => startPod(join(dir, pod.metadata?.uid ?? ''), join(dir, 'claims'), mounted, report),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

async function startPod(dir: string, claims: string, mounted: MountedPod, report: PodReport): Promise<PodProcess> {
  const stopped = new AbortController();
  const running = new Map<string, RunningContainer>();
  const run = async ({ name, image, env, args, spec }: MountedContainer): Promise<RunningContainer> => {
    const mounts = mountsOf(spec, mounted.volumes, { dir, claims });
    const process = await runContainer({ image, podIp: mounted.podIp, env, args, mounts });
    running.set(name, process);
    return process;
  };
  // Containers beside the pod's own are first, as those of the API are that begin as init containers.
  const ready = Promise.all(
    mounted.initContainers.map(async (container) => awaitStart(container, await run(container), stopped.signal)),
  );
  const started = ready.then(async () => {
    for (const container of mounted.containers) {
      if (stopped.signal.aborted) return;
      const process = await run(container);
      void process.exited.then(({ code }) => {
        if (!stopped.signal.aborted) report.exited(container.name, code ?? 137, process.logs().slice(-500));
      });
      void watchReadiness(container, process, { report, signal: stopped.signal }).catch(() => undefined);
    }
  });
  started.catch((error: unknown) => {
    if (!stopped.signal.aborted) report.blocked(mounted.containers[0]?.name ?? '', 'CreateContainerError', String(error));
  });
  return {
    async stop(graceSeconds) {
      stopped.abort();
      await started.catch(() => undefined);
      await Promise.all([...running.values()].map((process) => process.stop(graceSeconds * 1000)));
      rmSync(dir, { recursive: true, force: true });
    },
    readLog: (name) => running.get(name)?.logs() ?? '',
  };
}

async function awaitStart({ spec }: MountedContainer, process: RunningContainer, signal: AbortSignal): Promise<void> {
  const command = spec.startupProbe?.exec?.command;
  while (command !== undefined && !signal.aborted && !process.hasExited() && (await process.exec(command)) !== 0)
    await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS));
}

/** As a kubelet: first the startup probe, then the readiness probe again and again. */
async function watchReadiness(
  { name, spec }: MountedContainer,
  process: RunningContainer,
  { report, signal }: { report: PodReport; signal: AbortSignal },
): Promise<void> {
  const urlOf = (probe: V1Probe) => `http://${process.podIp}:${process.port}${probe.httpGet?.path ?? '/'}`;
  if (spec.startupProbe) await awaitHttpGet({ url: urlOf(spec.startupProbe), periodMs: PROBE_EVERY_MS, signal });
  const probe = spec.readinessProbe;
  let isReady: boolean | undefined;
  while (!signal.aborted && !process.hasExited()) {
    const now = probe === undefined || (await probeHttpGet({ url: urlOf(probe), timeoutMs: 5_000, signal }));
    if (now !== isReady && !signal.aborted) report.ready(name, now);
    isReady = now;
    if (probe === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, isReady ? 1_000 : PROBE_EVERY_MS));
  }
}

function mountsOf(
  spec: MountedContainer['spec'],
  volumes: Readonly<Record<string, MountedVolume>>,
  { dir, claims }: { dir: string; claims: string },
): PodMount[] {
  return (spec.volumeMounts ?? []).map(({ name, mountPath, subPath = '' }) => {
    const volume = volumes[name];
    if (volume?.type === 'files') return { path: mountPath, files: textsOf(volume) };
    const folder = join(volume?.type === 'claim' ? join(claims, volume.claimName) : join(dir, name), subPath);
    mkdirSync(folder, { recursive: true });
    return { path: mountPath, folder };
  });
}

function textsOf({ files }: Extract<MountedVolume, { type: 'files' }>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, { content }]) => [name, content.toString('utf8')]));
}
