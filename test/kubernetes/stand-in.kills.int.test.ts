import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createCloneSpec } from '@wcr/worker/drivers/runtime/runtime.contract';
import type { CloneSpec, Runtime } from '@wcr/worker/drivers/runtime/runtime.types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CloneCluster, startCloneCluster } from '../support/kubernetes/clone-cluster.ts';
import type { ApiServer } from '../support/kubernetes/start-api-server.ts';

const VICTIM = join(import.meta.dirname, '../support/kubernetes/cluster-victim.ts');
const signal = new AbortController().signal;

describe.each([
  ['manifests', {}],
  ['kro', { WCR_KUBERNETES_PROVISIONING: 'kro' }],
])('a worker that is killed between two requests to a cluster with clones made by %s', (_name, env) => {
  let clones: CloneCluster;
  let standIn: ApiServer;
  let runtime: Runtime;
  beforeAll(async () => {
    clones = await startCloneCluster(env);
    if (clones.standIn === undefined) throw new Error('this needs the stand-in');
    standIn = clones.standIn;
    runtime = clones.createRuntime();
  });
  afterAll(() => clones?.[Symbol.asyncDispose]());

  /** Kills a worker when the cluster has done its n-th request, before it hears of it. @returns false when it needed fewer */
  async function killAfter(requests: number, action: 'ensure' | 'remove', spec: CloneSpec): Promise<boolean> {
    const user = `system:serviceaccount:${clones.namespace}:worker`;
    using order = standIn.faults.inject({ user }, { type: 'hang', when: 'after' }, { skip: requests - 1 });
    const worker = spawn(process.execPath, [VICTIM], {
      env: { ...process.env, ...clones.env, WCR_TEST_VICTIM: JSON.stringify({ action, spec }) },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const ended = once(worker, 'exit').then(() => false);
    const isReached = await Promise.race([order.reached.then(() => true), ended]);
    worker.kill('SIGKILL');
    await ended;
    order.release();
    return isReached;
  }

  /** What the sweeper does with a clone that no job works on any more. */
  async function sweep(cloneId: string): Promise<void> {
    for (const { id } of await runtime.list()) if (id === cloneId) await runtime.remove(id, signal);
  }

  it('while it makes a clone: the next sweep leaves nothing of it', async () => {
    let requests = 1;
    for (let died = true; died; requests += 1) {
      const spec = createCloneSpec();
      died = await killAfter(requests, 'ensure', spec);
      await sweep(spec.record.id);
      expect(await clones.findLeftovers(spec.record.id), `killed after ${requests} requests`).toEqual([]);
    }
    expect(requests).toBeGreaterThan(6);
  });

  it('while it removes a clone: the next sweep leaves nothing of it', async () => {
    let requests = 1;
    for (let died = true; died; requests += 1) {
      const spec = createCloneSpec();
      await runtime.ensure(spec, signal);
      died = await killAfter(requests, 'remove', spec);
      await sweep(spec.record.id);
      expect(await clones.findLeftovers(spec.record.id), `killed after ${requests} requests`).toEqual([]);
    }
    expect(requests).toBeGreaterThan(6);
  });
});
