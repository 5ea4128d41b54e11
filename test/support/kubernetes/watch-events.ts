import { type KubeConfig, type KubernetesObject, Watch } from '@kubernetes/client-node';

export type SeenEvent = { readonly type: string; readonly object: KubernetesObject };

/** A watch with everything it has told so far. */
export type EventWatch = AsyncDisposable & {
  readonly seen: readonly SeenEvent[];
  /** The next events that were not taken yet; waits for them. */
  take(count: number): Promise<SeenEvent[]>;
  /** What ended the watch; `null` if the server did so in good order. */
  readonly ended: Promise<unknown>;
};

/** @param path of a collection; @param query besides `watch` */
export async function watchEvents(
  config: KubeConfig,
  path: string,
  query: Record<string, string | number | boolean>,
): Promise<EventWatch> {
  const seen: SeenEvent[] = [];
  let taken = 0;
  let wake = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
  const controller = await new Watch(config).watch(
    path,
    query,
    (type, object: KubernetesObject) => {
      seen.push({ type, object });
      wake.resolve();
      wake = Promise.withResolvers<void>();
    },
    (error: unknown) => end(error),
  );
  return {
    seen,
    ended,
    async take(count) {
      while (seen.length < taken + count) await wake.promise;
      taken += count;
      return seen.slice(taken - count, taken);
    },
    async [Symbol.asyncDispose]() {
      controller.abort();
      await ended;
    },
  };
}
