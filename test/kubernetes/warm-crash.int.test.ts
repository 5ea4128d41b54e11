import { crashPoints } from '@wcr/stack/testing/crash-points';
import { createCloneSpec } from '@wcr/worker/drivers/runtime/runtime.contract';
import type { CloneSpec } from '@wcr/worker/drivers/runtime/runtime.types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CloneCluster, startCloneCluster } from '../support/kubernetes/clone-cluster.ts';
import { dyingCluster, emptyPool, fillPool, findRemains, POOL, targetsOf, topUp } from '../support/kubernetes/warm-targets.ts';

const signal = new AbortController().signal;
/** More requests than a claim or a pass makes. */
const MOST_REQUESTS = 40;

let clones: CloneCluster;
beforeAll(async () => {
  clones = await startCloneCluster();
});
afterAll(() => clones?.[Symbol.asyncDispose]());

/** A clone, and all targets there are. */
async function namesOf(spec?: CloneSpec): Promise<(string | undefined)[]> {
  return [spec?.record.id, ...(await targetsOf(clones)).map(({ name }) => name)];
}

/** Runs `work` with a worker that dies at its first request, then at its second, and so on until it gets through. */
async function dieEverywhere(
  work: (env: Readonly<Record<string, string>>, die: Parameters<CloneCluster['createRuntime']>[1]) => Promise<void>,
  repair: (requests: number) => Promise<void>,
): Promise<number> {
  for (const requests of crashPoints()) {
    if (requests > MOST_REQUESTS) break;
    let isDead = (): boolean => false;
    const died = await work(POOL, (cluster) => {
      const dying = dyingCluster(cluster, requests);
      isDead = dying.isDead;
      return dying;
    }).then(
      () => false,
      (error: unknown) => {
        if (isDead()) return true;
        throw error;
      },
    );
    await repair(requests);
    if (!died) return requests;
  }
  throw new Error('it never got through');
}

describe('a worker that dies between the claim of a target and its identity, at any request', () => {
  it('leaves a clone that another worker completes, and of which nothing is left when it is removed', async () => {
    const other = clones.createRuntime(POOL);
    let spec = createCloneSpec();
    const requests = await dieEverywhere(
      async (env, die) => {
        await fillPool(other, 2);
        spec = createCloneSpec();
        await clones.createRuntime(env, die).ensure(spec, signal);
      },
      async () => {
        const names = await namesOf(spec);
        const handle = await other.ensure(spec, signal);
        await other.awaitReady(spec.record.id, signal);
        expect(await other.open(spec.record.id)).toEqual(handle);
        await other.remove(spec.record.id, signal);
        await topUp(other, 0);
        expect(await findRemains(clones, names)).toEqual([]);
      },
    );
    expect(requests).toBeGreaterThan(5);
  });

  it('leaves nothing once the clone is removed and the pool was looked after', async () => {
    const other = clones.createRuntime(POOL);
    let spec = createCloneSpec();
    await dieEverywhere(
      async (env, die) => {
        await fillPool(other, 1);
        spec = createCloneSpec();
        await clones.createRuntime(env, die).ensure(spec, signal);
      },
      async () => {
        const names = await namesOf(spec);
        await other.remove(spec.record.id, signal);
        await emptyPool(clones);
        expect(await findRemains(clones, names)).toEqual([]);
      },
    );
  });
});

it('a sweeper that dies while it makes a target, at any request, leaves what the next one completes', async () => {
  const other = clones.createRuntime(POOL);
  await dieEverywhere(
    async (env, die) => {
      await topUp(clones.createRuntime(env, die), 1);
    },
    async () => {
      await fillPool(other, 1);
      expect(await targetsOf(clones)).toHaveLength(1);
      const names = await namesOf();
      await emptyPool(clones);
      expect(await findRemains(clones, names)).toEqual([]);
    },
  );
});
