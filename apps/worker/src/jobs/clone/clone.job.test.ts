import { expect, it } from 'vitest';
import { cloneJob } from './clone.job.ts';
import type { CloneDeps } from './clone.types.ts';

const INPUT = {
  ...{ cloneId: 'clone-20300101-000000-abcd', source: { url: 'https://shop.example' }, secretRef: 'ref-1', owner: 'o' },
  ...{ ttlMinutes: 60, requestedAt: 1 },
};
const ERROR = { code: 'source.agent_blocked', message: 'it is in the way' };

function fail(remove: () => Promise<void>) {
  const known = { forgotten: [] as string[], record: {} as object };
  const deps = {
    runtime: { remove },
    secrets: { forget: async (ref: string) => void known.forgotten.push(ref) },
    projection: { update: async (_id: string, patch: object) => void Object.assign(known.record, patch) },
  } as unknown as CloneDeps;
  const cleaned = cloneJob.onTerminalFailure?.({ input: INPUT, jobId: 'clone-1', deps, error: ERROR }) ?? Promise.resolve();
  return { known, cleaned };
}

it('a clone that fails for good is removed, and says why', async () => {
  const { known, cleaned } = fail(async () => undefined);
  await cleaned;
  expect(known).toEqual({ forgotten: ['ref-1'], record: { status: 'failed', error: ERROR } });
});

it('what opens its source is forgotten also when it cannot be removed now', async () => {
  const { known, cleaned } = fail(async () => {
    throw new Error('the database is down');
  });
  await expect(cleaned).rejects.toThrow('the database is down');
  expect(known).toEqual({ forgotten: ['ref-1'], record: {} });
});
