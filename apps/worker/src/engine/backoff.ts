export type BackoffOptions = {
  /** Milliseconds before the second attempt. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
};

/**
 * Milliseconds to wait after `attemptsMade` attempts: doubles each time up to a cap, then a uniform value between half
 * and all of that ("equal jitter"), so that jobs that failed together don't come back together.
 */
export function backoffMs(attemptsMade: number, { firstMs, maxMs, random = Math.random }: BackoffOptions): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(Math.max(attemptsMade, 1) - 1, 30));
  return Math.round(full / 2 + (random() * full) / 2);
}
