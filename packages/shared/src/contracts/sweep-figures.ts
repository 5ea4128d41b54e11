import { z } from 'zod';
import { type CloneRecord, CloneStatus } from './clone-record.ts';

const HOUR_MS = 3_600_000;
/** Ages of clones that are counted apart, each with where it ends; the last has no end. */
const AGE_LIMITS_MS = { '1h': HOUR_MS, '6h': 6 * HOUR_MS, '1d': 24 * HOUR_MS, '7d': 168 * HOUR_MS } as const;
export const CLONE_AGES = ['1h', '6h', '1d', '7d', 'older'] as const;
export type CloneAge = (typeof CLONE_AGES)[number];

/** What a sweep saw, kept in Redis for the API to show: counting clones at every look of a scaler would cost too much. */
export const SweepFigures = z.object({
  /** When the sweep saw it, in milliseconds since the epoch. */
  at: z.number(),
  clones: z.array(z.object({ status: CloneStatus, age: z.enum(CLONE_AGES), count: z.number() })),
  /** Clones that exist although their time was up when the sweep began. */
  overdue: z.number(),
  /** Targets made ahead that were ready. */
  warmTargets: z.number(),
});
export type SweepFigures = z.infer<typeof SweepFigures>;

/** Counts records by status and age; what there is none of is left out. */
export function countClones(records: readonly CloneRecord[], nowMs: number): SweepFigures['clones'] {
  const groups = Map.groupBy(records, ({ status, createdAt }) => `${status} ${ageOf(nowMs - createdAt)}`);
  return [...groups].map(([key, { length: count }]) => {
    const [status, age] = key.split(' ') as [CloneStatus, CloneAge];
    return { status, age, count };
  });
}

function ageOf(ms: number): CloneAge {
  return CLONE_AGES.find((age) => age === 'older' || ms < AGE_LIMITS_MS[age]) ?? 'older';
}
