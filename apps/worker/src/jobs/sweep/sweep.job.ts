import { SweepInput } from '@wcr/shared/contracts/jobs';
import { SWEEP_QUEUE } from '@wcr/shared/contracts/queues';
import { countClones } from '@wcr/shared/contracts/sweep-figures';
import { AppError } from '@wcr/shared/errors/app-error';
import { defineJob } from '../../engine/define-job.ts';
import type { StepContext } from '../../engine/engine.types.ts';
import { fillPool } from './fill-pool.ts';
import { resealAll } from './reseal-all.ts';
import { settleProjected } from './settle-projected.ts';
import { settleRecord } from './settle-record.ts';
import { settleRestore } from './settle-restore.ts';
import type { SweepDeps, SweepFinding } from './sweep.types.ts';

/** Makes reality match the records: the runtime is believed, Redis is mended. */
export const sweepJob = defineJob<SweepDeps>()({
  name: SWEEP_QUEUE,
  input: SweepInput,
  steps: [
    'settle-clones',
    'settle-projection',
    'settle-restores',
    'settle-webhooks',
    'hasten-jobs',
    'fill-pool',
    'reseal',
    'record-figures',
  ],
  async run({ deps, step }) {
    const clones = await step('settle-clones', async (context) => {
      const records = await deps.runtime.list();
      const overdue = records.filter(({ expiresAt }) => expiresAt < deps.now()).length;
      return { overdue, ...(await settleAll(deps, context, records, (record) => settleRecord(deps, record))) };
    });
    const projected = await step('settle-projection', async (context) => {
      const { records, missing } = await deps.projection.list();
      await deps.projection.prune(missing);
      return settleAll(deps, context, records, (record) => settleProjected(deps, record));
    });
    const restores = await step('settle-restores', async (context) =>
      settleAll(deps, context, await deps.restores.list(), (record) => settleRestore(deps, record)),
    );
    const webhooks = await step('settle-webhooks', async () => {
      const announced = await deps.outbox.settle();
      return announced === 0 ? {} : { 'webhook-announced': announced };
    });
    const hastened = await step('hasten-jobs', () => deps.hastenFarDelays());
    const { warmTargets, ...pool } = await step('fill-pool', (context) => fillPool(deps, context));
    const sealed = await step('reseal', (context) => resealAll(deps, context));
    await step('record-figures', async () => {
      const at = deps.now();
      const { records } = await deps.projection.list();
      await deps.recordFigures({ at, clones: countClones(records, at), overdue: clones.overdue, warmTargets });
      return null;
    });
    const unsettled = [counted(clones.unsettled + projected.unsettled, 'clones'), counted(restores.unsettled, 'restores')].flat();
    if (unsettled.length > 0)
      throw new AppError('runtime.failed', { reason: `${unsettled.join(' and ')} could not be looked after` });
    const jobs = hastened > 0 ? { 'job-hastened': hastened } : {};
    return { ...clones.counts, ...projected.counts, ...restores.counts, ...webhooks, ...jobs, ...pool, ...sealed };
  },
});

function counted(number: number, what: string): string[] {
  return number === 0 ? [] : [`${number} ${what}`];
}

type Settled = { readonly counts: Partial<Record<SweepFinding, number>>; readonly unsettled: number };

/** One that can't be settled must not keep the others from it. */
async function settleAll<Item extends { readonly id: string }>(
  { logger }: SweepDeps,
  context: StepContext,
  items: readonly Item[],
  settle: (item: Item) => Promise<SweepFinding[]>,
): Promise<Settled> {
  const counts: Partial<Record<SweepFinding, number>> = {};
  let unsettled = 0;
  for (const item of items) {
    context.signal.throwIfAborted();
    try {
      for (const finding of await settle(item)) {
        counts[finding] = (counts[finding] ?? 0) + 1;
        context.log(`${item.id}: ${finding}`);
      }
    } catch (error) {
      unsettled += 1;
      context.log(`${item.id}: could not be looked after`);
      logger.error({ err: error, id: item.id }, 'a clone or restore could not be looked after');
    }
  }
  return { counts, unsettled };
}
