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

async function startPod(
  dir: string,
  claims: string,
  { containers, volumes, podIp }: MountedPod,
  report: PodReport,
): Promise<PodProcess> {
  const stopped = new AbortController();
  const running: RunningContainer[] = [];
  for (const container of containers) {
    const mounts = mountsOf(container, volumes, { dir, claims });
    const process = await runContainer({ image: container.image, podIp, env: container.env, mounts });
    running.push(process);
    void process.exited.then(({ code }) => {
      if (!stopped.signal.aborted) report.exited(container.name, code ?? 137, process.logs().slice(-500));
    });
    void watchReadiness(container, process, { report, signal: AbortSignal.any([stopped.signal]) }).catch(() => undefined);
  }
  return {
    async stop(graceSeconds) {
      stopped.abort();
      await Promise.all(running.map((process) => process.stop(graceSeconds * 1000)));
      rmSync(dir, { recursive: true, force: true });
    },
    readLog: (name) => running[containers.findIndex((container) => container.name === name)]?.logs() ?? '',
  };
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
  { spec }: MountedContainer,
  volumes: Readonly<Record<string, MountedVolume>>,
  { dir, claims }: { dir: string; claims: string },
): PodMount[] {
  return (spec.volumeMounts ?? []).map(({ name, mountPath }) => {
    const volume = volumes[name];
    if (volume?.type === 'files') return { path: mountPath, files: textsOf(volume) };
    const folder = volume?.type === 'claim' ? join(claims, volume.claimName) : join(dir, name);
    mkdirSync(folder, { recursive: true });
    return { path: mountPath, folder };
  });
}

function textsOf({ files }: Extract<MountedVolume, { type: 'files' }>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, { content }]) => [name, content.toString('utf8')]));
}
