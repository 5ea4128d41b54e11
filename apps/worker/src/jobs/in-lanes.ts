/**
 * Does the same with many things, a few at a time. Results come in the order of the things. The first failure ends it once every
 * lane has stopped, so that nothing goes on after a step has failed.
 */
export async function inLanes<T, R>(
  things: readonly T[],
  lanes: number,
  work: (thing: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Map<number, R>();
  // Shared: each lane takes the next one.
  const queue = [...things.entries()];
  const lane = async (): Promise<void> => {
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) results.set(next[0], await work(next[1], next[0]));
    } finally {
      queue.length = 0;
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: Math.min(Math.max(1, lanes), things.length) }, lane));
  const failed = settled.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}
