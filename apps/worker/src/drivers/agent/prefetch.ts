/**
 * Pulls ahead of the consumer so that reading one side overlaps with writing the other, holding at most `maxItems`
 * items. Stops the source when the consumer stops.
 */
export async function* prefetch<T>(source: AsyncGenerator<T>, maxItems: number): AsyncGenerator<T> {
  const ready: Promise<IteratorResult<T>>[] = [];
  const pull = () => {
    const next = source.next();
    // A failure is thrown when its turn comes; until then it must not count as unhandled.
    next.catch(() => undefined);
    ready.push(next);
  };
  try {
    pull();
    for (;;) {
      while (ready.length < maxItems) pull();
      const result = await ready.shift();
      if (result === undefined || result.done) return;
      yield result.value;
    }
  } finally {
    await source.return(undefined);
  }
}
