import type { RestoreRecord } from '@wcr/shared/contracts/restore';
import { AppError } from '@wcr/shared/errors/app-error';
import { expect, it } from 'vitest';
import { frame } from '../../drivers/agent/agent.memory.ts';
import type { AgentClient } from '../../drivers/agent/agent.types.ts';
import type { RestoreDeps } from '../restore/restore.types.ts';
import { OPTIONS } from '../restore/testing/site-pair.fixture.ts';
import { rollbackJob } from './rollback.job.ts';

const RECORD: RestoreRecord = {
  ...{ id: 'restore-1', owner: 'o', status: 'rolling-back', targetUrl: 'https://live.example', options: OPTIONS },
  ...{ jobId: 'restore-1', rollbackJobId: 'rollback-1', createdAt: 1 },
};
const { signal } = new AbortController();

function system(record: RestoreRecord | undefined, answer: (operation: string) => void = () => undefined, phase = 'rolled-back') {
  const known = { record, forgotten: [] as string[], asked: [] as string[] };
  const client: AgentClient = {
    async *call(operation) {
      known.asked.push(operation);
      answer(operation);
      yield frame('J', { phase, tables: {} });
    },
  };
  const deps = {
    restores: {
      read: async () => known.record,
      update: async (_id: string, patch: Partial<RestoreRecord>) => {
        known.record = known.record && { ...known.record, ...patch };
      },
    },
    secrets: {
      open: async () => ({ pairingKey: 'key' }),
      forget: async (ref: string) => void known.forgotten.push(ref),
      rememberedTransport: async () => undefined,
    },
    discoverAgent: async () => ({ address: { url: 'https://live.example/?wcr-agent=1', transport: 'door' } }),
    connectAgent: () => client,
    visit: async () => ({ status: 200, body: '' }),
    restoreTurns: { take: (_request: unknown, work: () => Promise<unknown>) => work() },
    settings: { patienceMs: 100 },
    now: () => 42,
  } as unknown as RestoreDeps;
  const step = (name: string, body: (context: object) => unknown) =>
    body({ key: name, signal, log: () => undefined, report: () => undefined });
  const run = (action: 'roll-back' | 'forget', jobId = 'rollback-1') =>
    rollbackJob.run({ input: { restoreId: 'restore-1', action, owner: 'o' }, jobId, deps, step: step as never, signal });
  const failed = (jobId = 'rollback-1') =>
    rollbackJob.onTerminalFailure?.({
      ...{ input: { restoreId: 'restore-1', action: 'roll-back', owner: 'o' }, jobId, deps },
      error: { code: 'target.died', message: 'it is gone' },
    });
  return { known, run, failed };
}

const fails = (on: string, error: AppError) => (operation: string) => {
  if (operation === on) throw error;
};

it('goes back, ends the restore point and forgets what opened the site', async () => {
  const { known, run } = system(RECORD);
  await run('roll-back');
  expect(known.asked).toEqual(['session.rollback', 'session.finish']);
  expect(known.record).toMatchObject({ status: 'rolled-back', endedAt: 42 });
  expect(known.forgotten).toEqual(['restore-point:restore-1']);
});

it('removes a restore point whose time is up and leaves the restore completed', async () => {
  const { known, run } = system({ ...RECORD, status: 'completed' });
  await run('forget');
  expect(known).toMatchObject({
    asked: ['session.finish'],
    record: { status: 'completed' },
    forgotten: ['restore-point:restore-1'],
  });
});

it('has nothing to forget after a rollback', async () => {
  const { known, run } = system({ ...RECORD, status: 'rolled-back' });
  await run('forget');
  expect(known.asked).toEqual([]);
});

it('refuses when there is no such restore, or another rollback took its place', async () => {
  await expect(system(undefined).run('roll-back')).rejects.toMatchObject({ code: 'restore.not_found' });
  await expect(system(RECORD).run('roll-back', 'rollback-0')).rejects.toMatchObject({ code: 'restore.no_restore_point' });
});

it('says that a row is in the way, and that the target has no restore point any more', async () => {
  const changed = new AppError('target.changed', { reason: 'wp_posts: the row with ID 5 came into being' });
  await expect(system(RECORD, fails('session.rollback', changed)).run('roll-back')).rejects.toMatchObject({
    code: 'restore.rollback_conflict',
    detail: { reason: expect.stringContaining('ID 5') },
  });
  const unknown = new AppError('agent.session_unknown', {});
  await expect(system(RECORD, fails('session.rollback', unknown)).run('roll-back')).rejects.toMatchObject({
    code: 'restore.no_restore_point',
    detail: { restoreId: 'restore-1' },
  });
});

it('leaves the restore completed after a rollback that failed', async () => {
  const { known, failed } = system(RECORD, undefined, 'kept');
  await failed();
  expect(known.record).toMatchObject({ status: 'completed', error: { code: 'target.died' } });
  expect(known).toMatchObject({ asked: ['session.state'], forgotten: [] });
});

it('ends a rollback that was cancelled when the site was as before already', async () => {
  const { known, failed } = system(RECORD);
  await failed();
  expect(known.record).toMatchObject({ status: 'rolled-back', endedAt: 42 });
  expect(known).toMatchObject({ asked: ['session.state', 'session.finish'], forgotten: ['restore-point:restore-1'] });
});

it('takes a site that cannot be asked for restored', async () => {
  const { known, failed } = system(RECORD, fails('session.state', new AppError('agent.signature_rejected', {})));
  await failed();
  expect(known.record).toMatchObject({ status: 'completed', error: { code: 'target.died' } });
});

it('does not touch the record of another rollback, or of one that is done', async () => {
  const other = system(RECORD);
  await other.failed('rollback-0');
  expect(other.known.record).toEqual(RECORD);
  const done = system({ ...RECORD, status: 'rolled-back' });
  await done.failed();
  expect(done.known.record?.status).toBe('rolled-back');
});
