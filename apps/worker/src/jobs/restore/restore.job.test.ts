import type { RestoreRecord } from '@wcr/shared/contracts/restore';
import { AppError } from '@wcr/shared/errors/app-error';
import { expect, it } from 'vitest';
import { frame } from '../../drivers/agent/agent.memory.ts';
import type { AgentClient } from '../../drivers/agent/agent.types.ts';
import { restoreJob } from './restore.job.ts';
import type { RestoreDeps } from './restore.types.ts';
import { OPTIONS } from './testing/site-pair.fixture.ts';

const INPUT = {
  ...{ restoreId: 'restore-1', from: { cloneId: 'clone-20300101-000000-abcd' }, options: OPTIONS, owner: 'o', requestedAt: 1 },
  target: { url: 'https://live.example', secretRef: 'ref-1' },
};

const FROM_A_SITE = { source: { url: 'https://shop.example', secretRef: 'ref-source' } };

type Given = {
  from?: (typeof INPUT)['from'] | typeof FROM_A_SITE;
  phase?: string;
  unknown?: boolean;
  silent?: boolean;
  secrets?: () => object;
};

function fail({
  from = INPUT.from,
  phase = 'open',
  unknown = false,
  silent = false,
  secrets = () => ({ pairingKey: 'key' }),
}: Given) {
  const known = {
    asked: [] as string[],
    forgotten: [] as string[],
    undone: [] as string[],
    record: {} as Partial<RestoreRecord>,
  };
  const client: AgentClient = {
    async *call(operation, args) {
      known.asked.push(operation + ('removeRestorePoint' in args ? ' with the restore point' : ''));
      if (unknown && operation === 'session.state') throw new AppError('agent.session_unknown', {});
      yield frame('J', { phase, tables: {} });
    },
  };
  const deps = {
    restores: {
      read: async () => undefined,
      update: async (_id: string, patch: object) => void Object.assign(known.record, patch),
    },
    secrets: { open: async () => secrets(), forget: async (ref: string) => void known.forgotten.push(ref) },
    discoverAgent: async () => (silent ? undefined : { address: { url: 'https://live.example/', transport: 'door' } }),
    scheduleUndo: async ({ restoreId }: { restoreId: string }) => void known.undone.push(restoreId),
    ...{ connectAgent: () => client, settings: { patienceMs: 100 }, now: () => 42 },
  } as unknown as RestoreDeps;
  const error = { code: 'target.died', message: 'it is gone' };
  const cleaned =
    restoreJob.onTerminalFailure?.({ input: { ...INPUT, from }, jobId: 'restore-1', deps, error }) ?? Promise.resolve();
  return { known, cleaned };
}

const FAILED = { status: 'failed', error: { code: 'target.died', message: 'it is gone' }, endedAt: 42 };

it.each(['committed', 'committing', 'rolling-back', 'kept'])(
  'brings back what was there when a restore fails that is %s',
  async (phase) => {
    const { known, cleaned } = fail({ phase });
    await cleaned;
    expect(known.asked).toEqual(['session.state', 'session.rollback', 'session.finish with the restore point']);
    expect(known).toMatchObject({ record: FAILED, forgotten: ['ref-1'] });
  },
);

it.each<[string, Given]>([
  ['that only staged something', { phase: 'open' }],
  ['that has begun nothing', { unknown: true }],
])('clears away what is left of a restore %s', async (_case, given) => {
  const { known, cleaned } = fail(given);
  await cleaned;
  expect(known.asked).toEqual(['session.state', 'session.finish with the restore point']);
  expect(known).toMatchObject({ record: FAILED, forgotten: ['ref-1'] });
});

it('says that it failed although the target does not answer, and keeps the key for a job that clears it up later', async () => {
  const { known, cleaned } = fail({ silent: true });
  await expect(cleaned).rejects.toThrow('does not answer');
  expect(known).toMatchObject({ record: FAILED, forgotten: [], undone: ['restore-1'] });
});

it('forgets what opens the source at once, also when the target does not answer', async () => {
  const { known, cleaned } = fail({ from: FROM_A_SITE, silent: true });
  await expect(cleaned).rejects.toThrow('does not answer');
  expect(known).toMatchObject({ forgotten: ['ref-source'], undone: ['restore-1'] });
});

it.each<[string, () => object]>([
  ['was never paired', () => ({ username: 'admin', password: 'p' })],
  [
    'nothing opens any more',
    () => {
      throw new AppError('secret.missing');
    },
  ],
])('ends without the target when it %s', async (_case, secrets) => {
  const { known, cleaned } = fail({ secrets });
  await cleaned;
  expect(known).toMatchObject({ asked: [], record: FAILED, forgotten: ['ref-1'] });
});
