import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { crashPoints } from '@wcr/stack/testing/crash-points';
import { createCloneSpec } from '@wcr/worker/drivers/runtime/runtime.contract';
import type { CloneSpec, Runtime } from '@wcr/worker/drivers/runtime/runtime.types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CloneCluster, startCloneCluster } from '../support/kubernetes/clone-cluster.ts';
import { readyPodRunner } from '../support/kubernetes/node/pod-runner.ts';
import type { ApiServer } from '../support/kubernetes/start-api-server.ts';

const VICTIM = join(import.meta.dirname, '../support/kubernetes/cluster-victim.ts');
const signal = new AbortController().signal;

describe.each([
  ['manifests', {}],
  ['kro', { WCR_KUBERNETES_PROVISIONING: 'kro' }],
])('a worker that dies between two requests to a cluster with clones made by %s', (_name, env) => {
  let clones: CloneCluster;
  let standIn: ApiServer;
  let runtime: Runtime;
  beforeAll(async () => {
    clones = await startCloneCluster(env);
    if (clones.standIn === undefined) throw new Error('this needs the stand-in');
    standIn = clones.standIn;
    // What pods run is nobody's business here.
    standIn.setPodRunner(readyPodRunner);
    runtime = clones.createRuntime();
  });
  afterAll(() => clones?.[Symbol.asyncDispose]());

  /** Lets the cluster do the n-th request of `work`, and `work` never hear of it. @returns false when it needed fewer */
  async function dieAfter(requests: number, work: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> {
    const user = `system:serviceaccount:${clones.namespace}:worker`;
    using order = standIn.faults.inject({ user }, { type: 'hang', when: 'after' }, { skip: requests - 1 });
    const death = new AbortController();
    const ended = work(death.signal).then(
      () => false,
      () => false,
    );
    const isReached = await Promise.race([order.reached.then(() => true), ended]);
    death.abort();
    await ended;
    order.release();
    return isReached;
  }

  /** The same with a process that is really killed. */
  const killed = (action: 'ensure' | 'remove', spec: CloneSpec) => async (death: AbortSignal) => {
    const worker = spawn(process.execPath, [VICTIM], {
      env: { ...process.env, ...clones.env, WCR_TEST_VICTIM: JSON.stringify({ action, spec }) },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    death.addEventListener('abort', () => worker.kill('SIGKILL'));
    await once(worker, 'exit');
  };

  /** What the sweeper does with a clone that no job works on any more. */
  async function sweep(cloneId: string): Promise<void> {
    for (const { id } of await runtime.list()) if (id === cloneId) await runtime.remove(id, signal);
  }

  it('while it makes a clone: the next sweep leaves nothing of it', async () => {
    let last = 0;
    for (const requests of crashPoints()) {
      last = requests;
      const spec = createCloneSpec();
      const died = await dieAfter(requests, (death) => runtime.ensure(spec, death));
      await sweep(spec.record.id);
      expect(await clones.findLeftovers(spec.record.id), `dead after ${requests} requests`).toEqual([]);
      if (!died) break;
    }
    expect(last).toBeGreaterThan(6);
  });

  it('while it removes a clone: the next sweep leaves nothing of it', async () => {
    let last = 0;
    for (const requests of crashPoints()) {
      last = requests;
      const spec = createCloneSpec();
      await runtime.ensure(spec, signal);
      const died = await dieAfter(requests, (death) => runtime.remove(spec.record.id, death));
      await sweep(spec.record.id);
      expect(await clones.findLeftovers(spec.record.id), `dead after ${requests} requests`).toEqual([]);
      if (!died) break;
    }
    expect(last).toBeGreaterThan(6);
  });

  it.each([
    ['ensure', 1],
    ['ensure', 4],
    ['remove', 2],
    ['remove', 5],
  ] as const)('by SIGKILL in %s after %d requests: the next sweep leaves nothing of it', async (action, requests) => {
    const spec = createCloneSpec();
    if (action === 'remove') await runtime.ensure(spec, signal);
    expect(await dieAfter(requests, killed(action, spec))).toBe(true);
    await sweep(spec.record.id);
    expect(await clones.findLeftovers(spec.record.id)).toEqual([]);
  });
});
