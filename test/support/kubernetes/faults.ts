/** Which requests a fault is meant for; what is not said fits any. */
export type FaultMatch = {
  readonly verb?: string | readonly string[];
  /** The plural of the kind, such as `pods`. */
  readonly resource?: string | readonly string[];
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly user?: string;
};

/** Ends a watch after so many events: between two lines, or within the next line. */
export type WatchFault = { readonly type: 'cut-watch' | 'truncate-watch'; readonly afterEvents: number };

/**
 * What goes wrong. `before` a request took effect, or `after` that and before its answer. A request that hangs does so until
 * the fault is released, and then goes on as if nothing had been.
 */
export type Fault =
  | {
      readonly type: 'status';
      readonly code: number;
      readonly reason?: string;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
    }
  | { readonly type: 'reset'; readonly when: 'before' | 'after' }
  | { readonly type: 'hang'; readonly when: 'before' | 'after' }
  | { readonly type: 'slow'; readonly delayMs: number }
  | WatchFault;

/** What a request is, as faults and the recorder see it. */
export type RequestFacts = {
  readonly user: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
};

/** A fault that was ordered. Disposing takes back what has not happened of it. */
export type FaultOrder = Disposable & {
  /** How many requests it has hit. */
  readonly hits: number;
  /** Settles when it hits for the first time. */
  readonly reached: Promise<void>;
  /** Lets hanging requests go on, and all later ones pass. */
  release(): void;
};

/** A fault that hits a request now; `released` settles when a hanging request may go on. */
export type TakenFault = { readonly fault: Fault; readonly released: Promise<void> };

type Entry = {
  readonly match: FaultMatch;
  readonly fault: Fault;
  skip: number;
  left: number;
  hits: number;
  reach(): void;
  readonly released: Promise<void>;
};

/** The faults a test has ordered. Earlier orders come first; a request meets one at most. */
export class Faults {
  readonly #entries = new Set<Entry>();

  /** @param times how many requests it hits; @param skip how many fitting requests pass first */
  inject(match: FaultMatch, fault: Fault, { times = 1, skip = 0 }: { times?: number; skip?: number } = {}): FaultOrder {
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    const { promise: released, resolve: open } = Promise.withResolvers<void>();
    const entry: Entry = { match, fault, skip, left: times, hits: 0, reach, released };
    this.#entries.add(entry);
    const release = () => {
      this.#entries.delete(entry);
      open();
    };
    return {
      get hits() {
        return entry.hits;
      },
      reached,
      release,
      [Symbol.dispose]: release,
    };
  }

  /** Forgets every order that has not happened. */
  clear(): void {
    this.#entries.clear();
  }

  /** The fault that hits a request, which is used up by that. */
  take(facts: RequestFacts): TakenFault | undefined {
    for (const entry of this.#entries) {
      if (!fits(entry.match, facts)) continue;
      if (entry.skip > 0) {
        entry.skip -= 1;
        continue;
      }
      entry.left -= 1;
      entry.hits += 1;
      if (entry.left <= 0) this.#entries.delete(entry);
      entry.reach();
      return { fault: entry.fault, released: entry.released };
    }
    return undefined;
  }
}

function fits(match: FaultMatch, facts: RequestFacts): boolean {
  return Object.entries(match).every(([name, wanted]) => {
    const value = facts[name as keyof RequestFacts];
    return Array.isArray(wanted) ? wanted.includes(value) : wanted === undefined || wanted === value;
  });
}
