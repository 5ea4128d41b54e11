import type { Logger } from 'pino';
import type { Pod, PodCost } from './pod-cost.types.ts';

const BUSY = 100;
const IDLE = 0;
/** A worker between two jobs is not idle: only after so long without one it is said to be. */
const SETTLE_MS = 5_000;

export type PodCostOptions = {
  /** Absent outside of Kubernetes, where nothing is to be told. */
  readonly pod: Pod | undefined;
  readonly logger: Pick<Logger, 'warn'>;
  readonly settleMs?: number;
};

type State = { wanted: number; written: number | undefined; writing: boolean; failed: boolean };

/**
 * Keeps the pod's deletion cost at 100 while jobs run and at 0 otherwise. Best effort: a cost that could not be written is
 * tried again with the next change, and a series of failures is one line in the log.
 */
export function createPodCost({ pod, logger, settleMs = SETTLE_MS }: PodCostOptions): PodCost {
  if (!pod) return { show: () => undefined };
  // What a former process of this pod wrote is not known.
  const state: State = { wanted: IDLE, written: undefined, writing: false, failed: false };
  let settle: NodeJS.Timeout | undefined;

  async function write(): Promise<void> {
    if (state.writing) return;
    state.writing = true;
    try {
      // What is wanted may change while it is written.
      while (state.written !== state.wanted) {
        const cost = state.wanted;
        await pod?.writeDeletionCost(cost);
        state.written = cost;
        state.failed = false;
      }
    } catch (error) {
      if (!state.failed) logger.warn({ err: error }, 'the deletion cost of this pod could not be written');
      state.failed = true;
    } finally {
      state.writing = false;
    }
  }

  function want(cost: number): void {
    state.wanted = cost;
    void write();
  }

  return {
    show(running) {
      clearTimeout(settle);
      if (running > 0) want(BUSY);
      else settle = setTimeout(want, settleMs, IDLE).unref();
    },
  };
}
