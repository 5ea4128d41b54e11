import type { StepContext } from '../../engine/engine.types.ts';
import type { SweepDeps, SweepFinding } from './sweep.types.ts';

/** While keys change: seals what is under another key again under the present one, in Redis and in the runtime. */
export async function resealAll(
  { reseal, runtime }: SweepDeps,
  { signal, log }: StepContext,
): Promise<Partial<Record<SweepFinding, number>>> {
  if (reseal === undefined) return {};
  const counts = { ...(await reseal(signal)) };
  for (const { id } of runtime.reseal ? await runtime.list() : []) {
    signal.throwIfAborted();
    const outcome = await runtime.reseal?.(id);
    if (outcome !== undefined) counts[outcome] += 1;
  }
  const { resealed, unreadable } = counts;
  log(`sealed anew under the present key: ${resealed}; opened by no key: ${unreadable}; all others are under it already`);
  return { ...(resealed > 0 && { resealed }), ...(unreadable > 0 && { unreadable }) };
}
