import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@wcr/shared/errors/app-error';
import type { KubeObject, Wait } from './cluster.types.ts';
import type { ClusterConnection } from './connection.ts';

type Decide<T> = (objects: readonly KubeObject[]) => T | undefined;
/** All objects of a query, and from where on changes are to be told. */
export type Listing = { readonly items: readonly KubeObject[]; readonly resourceVersion: string };

const FIRST_WAIT_MS = 50;
const MAX_WAIT_MS = 2_000;

/**
 * Follows the objects at a path until `decide` says something. A watch that ends is gone on with where it stopped; after
 * anything but its own end (the place may be too old) the objects are listed anew, so that nothing is missed.
 */
export async function followUntil<T>(
  connection: ClusterConnection,
  at: { path: string; query: Record<string, string>; list: () => Promise<Listing> },
  decide: Decide<T>,
  { signal, limitMs }: Wait,
): Promise<T | undefined> {
  const limit = AbortSignal.timeout(limitMs);
  const stop = AbortSignal.any([signal, limit]);
  for (let waitMs = FIRST_WAIT_MS; !limit.aborted; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    signal.throwIfAborted();
    const seen = new Seen(await at.list(), decide);
    for (let end: WatchEnd = 'over'; end === 'over' && !seen.isDecided; ) {
      if (stop.aborted) break;
      end = await watchOnce(connection, at, seen, stop);
    }
    if (seen.isDecided) return seen.outcome();
    await delay(waitMs, undefined, { signal: stop }).catch(() => undefined);
  }
  signal.throwIfAborted();
  return undefined;
}

/** `lost`: what happened since is not known. */
type WatchEnd = 'over' | 'lost';
type WatchEvent = { readonly type: string; readonly object: KubeObject };

/** The objects as they are by what was told so far. */
class Seen<T> {
  readonly #objects = new Map<string, KubeObject>();
  readonly #decide: Decide<T>;
  resourceVersion: string;
  #decided: T | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor({ items, resourceVersion }: Listing, decide: Decide<T>) {
    for (const object of items) this.#objects.set(object.metadata.name, object);
    this.resourceVersion = resourceVersion;
    this.#decide = decide;
    this.#decided = decide(items);
  }

  get isDecided(): boolean {
    return this.#decided !== undefined || this.#failure !== undefined;
  }

  /** @throws what `decide` threw */
  outcome(): T | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#decided;
  }

  /** @returns false when the watch cannot be gone on with */
  take({ type, object }: WatchEvent): boolean {
    if (type === 'ERROR') return false;
    this.resourceVersion = object.metadata.resourceVersion ?? this.resourceVersion;
    if (type === 'BOOKMARK') return true;
    if (type === 'DELETED') this.#objects.delete(object.metadata.name);
    else this.#objects.set(object.metadata.name, object);
    if (!this.isDecided) this.#ask();
    return true;
  }

  /** The client swallows what is thrown while it hands out an event. */
  #ask(): void {
    try {
      this.#decided = this.#decide([...this.#objects.values()]);
    } catch (error) {
      this.#failure = { error };
    }
  }
}

async function watchOnce<T>(
  connection: ClusterConnection,
  { path, query }: { path: string; query: Record<string, string> },
  seen: Seen<T>,
  stop: AbortSignal,
): Promise<WatchEnd> {
  const { promise: ended, resolve: end } = Promise.withResolvers<WatchEnd>();
  const stopped = () => end('over');
  stop.addEventListener('abort', stopped, { once: true });
  let controller: AbortController | undefined;
  try {
    const from = { ...query, allowWatchBookmarks: 'true', resourceVersion: seen.resourceVersion };
    const onEvent = (type: string, object: KubeObject) => {
      const goesOn = seen.take({ type, object });
      if (!goesOn || seen.isDecided) end(goesOn ? 'over' : 'lost');
    };
    controller = await connection
      .watch()
      .watch(path, from, onEvent, (error: unknown) => end(isQuietEnd(error) ? 'over' : 'lost'));
    return await ended;
  } catch {
    return 'lost';
  } finally {
    stop.removeEventListener('abort', stopped);
    controller?.abort();
  }
}

/** The server ends a watch after some minutes, the client one on which nothing happened for a while. */
function isQuietEnd(error: unknown): boolean {
  return error === null || error === undefined || (error instanceof DOMException && error.name === 'TimeoutError');
}

/** @throws AppError `runtime.failed` */
export function listingOf(value: unknown): Listing {
  const { items, metadata } = (value ?? {}) as { items?: KubeObject[]; metadata?: { resourceVersion?: string } };
  if (!Array.isArray(items)) throw new AppError('runtime.failed', { reason: 'the cluster answered something else than a list' });
  return { items, resourceVersion: metadata?.resourceVersion ?? '0' };
}
