import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { type Clone, type CloneStore, isGone, isPastExpiry } from '../clones/clone-store.ts';
import { connectSocket } from '../fastcgi/fastcgi-client.ts';
import type { PhpSockets } from './fpm-config.ts';
import type { PhpProcess } from './php-process.ts';

export type PhpPoolDeps = {
  readonly start: (clone: Clone) => Promise<PhpProcess>;
  readonly clones: CloneStore;
  readonly clock: () => number;
  readonly idleMs: number;
  readonly log: Logger;
};

/** The clone went away while its request was on the way. */
export class CloneGoneError extends Error {
  override readonly name = 'CloneGoneError';
}

/** A connection to a clone's PHP; disposing it says that the request is over. */
export type PhpLease = AsyncDisposable & { readonly socket: Socket };

type Entry = { readonly started: Promise<PhpProcess>; active: number; lastUsed: number; stopping: Promise<void> | undefined };

/** One PHP per clone, started by the first request and stopped when nobody needs it. */
export class PhpPool {
  private readonly entries = new Map<string, Entry>();
  private readonly deps: PhpPoolDeps;
  private isClosed = false;

  constructor(deps: PhpPoolDeps) {
    this.deps = deps;
  }

  /** @throws CloneGoneError, or another Error when PHP cannot be started. */
  async lease(cloneId: string, door: keyof PhpSockets = 'site'): Promise<PhpLease> {
    const { entry, socket } = await this.connectTo(cloneId, door).catch(async (error: unknown) => {
      // The master may have died since the last request: it is started once more.
      if (!isConnectFailure(error)) throw error;
      await this.stop(cloneId);
      return await this.connectTo(cloneId, door);
    });
    return {
      socket,
      [Symbol.asyncDispose]: async () => {
        socket.destroy();
        entry.active -= 1;
        entry.lastUsed = this.deps.clock();
      },
    };
  }

  isRunning(cloneId: string): boolean {
    return this.entries.has(cloneId);
  }

  /** Returns when no process of the clone's PHP is left. */
  async stop(cloneId: string): Promise<void> {
    const entry = this.entries.get(cloneId);
    if (entry === undefined) return;
    entry.stopping ??= this.end(cloneId, entry);
    await entry.stopping;
  }

  /** Stops what is idle, expired or has no record any more. */
  async sweep(): Promise<void> {
    const looks = [...this.entries].map(async ([cloneId, entry]) => {
      if (entry.stopping === undefined && (await this.isUnneeded(cloneId, entry))) await this.stop(cloneId);
    });
    await Promise.all(looks);
  }

  async stopAll(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.entries.keys()].map((cloneId) => this.stop(cloneId)));
  }

  private async connectTo(cloneId: string, door: keyof PhpSockets): Promise<{ entry: Entry; socket: Socket }> {
    const entry = await this.enter(cloneId);
    entry.active += 1;
    try {
      return { entry, socket: await connectSocket((await entry.started).sockets[door]) };
    } catch (error) {
      entry.active -= 1;
      throw error;
    }
  }

  /**
   * A clone's PHP that is on its way out is waited for: two masters must never share a folder. The record is read right
   * before a start, and who makes it expire asks for the stop afterwards: so no start can slip past that stop.
   */
  private async enter(cloneId: string): Promise<Entry> {
    let entry = this.entries.get(cloneId);
    while (entry?.stopping !== undefined) {
      await entry.stopping;
      entry = this.entries.get(cloneId);
    }
    if (entry) return entry;
    const clone = await this.deps.clones.read(cloneId);
    if (this.isClosed || isGone(clone)) throw new CloneGoneError();
    // Another request may have been faster while the record was read.
    return this.entries.has(cloneId) ? await this.enter(cloneId) : this.launch(clone);
  }

  private launch(clone: Clone): Entry {
    const { id } = clone.record;
    const { clock, log, start } = this.deps;
    const entry: Entry = { started: start(clone), active: 0, lastUsed: clock(), stopping: undefined };
    this.entries.set(id, entry);
    entry.started.then(
      (php) => {
        log.info({ cloneId: id, pid: php.pid }, 'PHP started');
        void php.ended.then(() => this.forget(id, entry));
      },
      (error: unknown) => {
        log.error({ cloneId: id, err: error }, 'PHP did not start');
        this.forget(id, entry);
      },
    );
    return entry;
  }

  private async end(cloneId: string, entry: Entry): Promise<void> {
    const php = await entry.started.catch(() => undefined);
    await php?.stop();
    this.forget(cloneId, entry);
    if (php) this.deps.log.info({ cloneId, pid: php.pid }, 'PHP stopped');
  }

  private forget(cloneId: string, entry: Entry): void {
    if (this.entries.get(cloneId) === entry) this.entries.delete(cloneId);
  }

  private async isUnneeded(cloneId: string, entry: Entry): Promise<boolean> {
    const clone = await this.deps.clones.read(cloneId);
    if (isGone(clone)) return true;
    if (entry.active > 0) return false;
    const now = this.deps.clock();
    return isPastExpiry(clone.record, now) || now - entry.lastUsed >= this.deps.idleMs;
  }
}

function isConnectFailure(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNREFUSED' || error.code === 'ENOENT');
}
