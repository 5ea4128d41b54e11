import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Where a job is to stop: `[<job>/]<what>[#<nth>]:<how>`, several separated by spaces; they stand in a clone's name, or for
 * all jobs of a worker in its environment. What is a step (`copy-tables`), an operation of an agent (`rows.write`; in one step:
 * `commit-restore.rows.write`), a method of a driver (`runtime.update`) or `cleaning`; what cleaning does is the job `cleaning`.
 * - `before`, `after`: from the nth time on it hangs before or after the effect, until it is killed or aborted; the job's next
 *   worker passes where the marker tells that one has ended.
 * - `held`: the nth time it waits until it is let go, and then does it whatever has happened meanwhile.
 */
export type Place = {
  readonly text: string;
  readonly what: string;
  readonly nth: number;
  readonly how: 'before' | 'after' | 'held';
};

const PLACE = /^(?:(?<job>[a-z]+)\/)?(?<what>[a-zA-Z.-]+)(?:#(?<nth>\d+))?:(?<how>before|after|held)$/;
/** Longer than any test. */
const FOR_EVER_MS = 3_600_000;

/** The places of a text that concern a job; none of a name that a person might give. */
export function placesIn(name: string | undefined, job: string): Place[] {
  return (name ?? '').split(' ').flatMap((text) => {
    const found = PLACE.exec(text)?.groups;
    if (found === undefined || (found['job'] ?? 'clone') !== job) return [];
    return [{ text, what: found['what'] ?? '', nth: Number(found['nth'] ?? 1), how: found['how'] as Place['how'] }];
  });
}

/** The file that says that the job of a clone or restore has come to a place; with `over`, that what was held there is done. */
export function markerOf(dir: string, recordId: string, place: string, over = false): string {
  return join(dir, `${recordId} ${place.replace('/', '+')}${over ? ' over' : ''}`);
}

/** Stops one job at its places. */
export class Gate {
  readonly #places: readonly Place[];
  readonly #mark: (place: Place, over?: boolean) => void;
  readonly #isMarked: (place: Place) => boolean;
  readonly #released: Promise<void>;
  readonly #counts = new Map<string, number>();
  #step = '';

  /** @param released resolves when what is held may go on */
  constructor(places: readonly Place[], options: { dir: string; recordId: string; released: Promise<void> }) {
    this.#places = places;
    this.#released = options.released;
    this.#mark = ({ text }, over) => writeFileSync(markerOf(options.dir, options.recordId, text, over), '');
    this.#isMarked = ({ text }) => existsSync(markerOf(options.dir, options.recordId, text));
  }

  concerns(what: string): boolean {
    return this.#places.some((place) => place.what === what || place.what.endsWith(`.${what}`));
  }

  /** `pass()` of a step: what is passed until the next one lies in it. */
  passStep<T>(step: string, signal: AbortSignal, effect: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#step = step;
    return this.pass(step, signal, effect);
  }

  /** @param effect is given the signal under which it is to run */
  async pass<T>(what: string, signal: AbortSignal, effect: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const place = this.#reached(what) ?? this.#reached(`${this.#step}.${what}`);
    if (place === undefined) return effect(signal);
    if (place.how === 'held') {
      this.#mark(place);
      await this.#released;
      return effect(new AbortController().signal).finally(() => this.#mark(place, true));
    }
    if (place.how === 'before') await this.#hang(place, signal);
    const result = await effect(signal);
    if (place.how === 'after') await this.#hang(place, signal);
    return result;
  }

  #reached(what: string): Place | undefined {
    const count = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, count);
    return this.#places.find((place) => place.what === what && (place.how === 'held' ? place.nth === count : place.nth <= count));
  }

  async #hang(place: Place, signal: AbortSignal): Promise<void> {
    if (this.#isMarked(place)) return;
    this.#mark(place);
    await sleep(FOR_EVER_MS, undefined, { signal });
  }
}
