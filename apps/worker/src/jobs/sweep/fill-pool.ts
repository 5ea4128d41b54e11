import type { StepContext } from '../../engine/engine.types.ts';
import type { SweepDeps, SweepFinding } from './sweep.types.ts';

/** Has as many targets made ahead as clones wait for one, within what is configured. */
export async function fillPool(
  { runtime, cloneJobs }: SweepDeps,
  { signal, log }: StepContext,
): Promise<Partial<Record<SweepFinding, number>> & { warmTargets: number }> {
  if (runtime.pool === undefined) return { warmTargets: 0 };
  const { ready, made, removed } = await runtime.pool.topUp({ backlog: await cloneJobs.backlog() }, signal);
  if (made + removed > 0) log(`warm targets: ${ready} ready, ${made} made, ${removed} removed`);
  return { warmTargets: ready, ...(made > 0 && { 'target-made': made }), ...(removed > 0 && { 'target-removed': removed }) };
}
