import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cluster } from '../cluster/cluster.types.ts';
import { connectPod } from './kubernetes-pod.ts';
import { createPodCost } from './pod-cost.driver.ts';
import type { PodCost } from './pod-cost.types.ts';

const NAMES = { podName: 'worker-clone-1', podNamespace: 'wp-clone-restore' };
const SETTLE_MS = 5_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** An API of Kubernetes that remembers what it was asked, and refuses while `down`. */
function createCluster(): { costs: unknown[]; warnings: unknown[]; state: { down: boolean }; podCost: PodCost } {
  const costs: unknown[] = [];
  const warnings: unknown[] = [];
  const state = { down: false };
  const clusterOf = (namespace: string): Pick<Cluster, 'patch'> => ({
    async patch({ name }, body) {
      if (state.down) throw new Error('forbidden');
      const { metadata } = body as { metadata: { annotations: Record<string, string> } };
      costs.push([namespace, name, metadata.annotations['controller.kubernetes.io/pod-deletion-cost']]);
      return undefined;
    },
  });
  const logger = { warn: (fields: unknown) => void warnings.push(fields) };
  const podCost = createPodCost({ pod: connectPod(NAMES, clusterOf), logger, settleMs: SETTLE_MS });
  return { costs, warnings, state, podCost };
}

const cost = (value: string) => [NAMES.podNamespace, NAMES.podName, value];

async function settle(): Promise<void> {
  vi.advanceTimersByTime(SETTLE_MS);
  await turn();
}

describe('a worker’s pod', () => {
  it('costs 100 from the first job on and 0 when the last one has ended', async () => {
    const { podCost, costs } = createCluster();
    for (const running of [1, 2, 1, 0]) podCost.show(running);
    await turn();
    expect(costs).toEqual([cost('100')]);
    await settle();
    expect(costs).toEqual([cost('100'), cost('0')]);
  });

  it('stays busy between two jobs that follow one another', async () => {
    const { podCost, costs } = createCluster();
    for (const running of [1, 0]) podCost.show(running);
    vi.advanceTimersByTime(SETTLE_MS - 1);
    podCost.show(1);
    await settle();
    expect(costs).toEqual([cost('100')]);
  });

  it('is said to be idle by a worker that starts again in a pod whose former process was busy', async () => {
    const { podCost, costs } = createCluster();
    podCost.show(0);
    await settle();
    expect(costs).toEqual([cost('0')]);
  });

  it('is told once about a series of failures, and heard again afterwards', async () => {
    const { podCost, costs, warnings, state } = createCluster();
    state.down = true;
    for (const running of [1, 2, 3]) {
      podCost.show(running);
      await turn();
    }
    expect(warnings).toHaveLength(1);
    state.down = false;
    podCost.show(2);
    await turn();
    expect(costs).toEqual([cost('100')]);
  });

  it('ends as idle when its job ends while the cost is still being written', async () => {
    const writes: number[] = [];
    const answer = Promise.withResolvers<void>();
    const pod = {
      writeDeletionCost: async (value: number) => {
        writes.push(value);
        await answer.promise;
      },
    };
    const podCost = createPodCost({ pod, logger: { warn: () => undefined }, settleMs: SETTLE_MS });
    for (const running of [1, 0]) podCost.show(running);
    await settle();
    expect(writes).toEqual([100]);
    answer.resolve();
    await turn();
    expect(writes).toEqual([100, 0]);
  });

  it('is nobody’s business outside of Kubernetes', () => {
    expect(connectPod({ podName: undefined, podNamespace: 'x' }, () => ({ patch: async () => undefined }))).toBeUndefined();
    createPodCost({ pod: undefined, logger: { warn: () => undefined } }).show(1);
  });
});
