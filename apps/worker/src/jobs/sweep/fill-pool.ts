import type { StepContext } from '../../engine/engine.types.ts';
import type { SweepDeps, SweepFinding } from './sweep.types.ts';

/** Has as many targets made ahead as clones wait for one, within what is configured. */
export async function fillPool(
  { runtime, cloneJobs, showWarmTargets }: SweepDeps,
  { signal, log }: StepContext,
): Promise<Partial<Record<SweepFinding, number>>> {
  if (runtime.pool === undefined) return {};
  const { ready, made, removed } = await runtime.pool.topUp({ backlog: await cloneJobs.backlog() }, signal);
  showWarmTargets(ready);
  if (made + removed > 0) log(`warm targets: ${ready} ready, ${made} made, ${removed} removed`);
  return { ...(made > 0 && { 'target-made': made }), ...(removed > 0 && { 'target-removed': removed }) };
}
