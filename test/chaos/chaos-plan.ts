import type { Link, Part } from './mortal-stack.ts';

/** What is asked of the system in a round. `exchange` is a restore, or the rollback of the last one; whichever is due. */
export type Work = 'clone' | 'exchange' | 'extend' | 'expire' | 'delete' | 'cancel';

/** Everything that is done to the system; each is a row of the table. */
export const FAULTS = [
  ...(['worker', 'api', 'gateway', 'redis', 'mariadb', 'php'] as const).flatMap((part) => [
    { name: `${part} killed`, does: 'kill', part } as const,
    { name: `${part} frozen`, does: 'freeze', part } as const,
  ]),
  { name: 'redis emptied', does: 'empty' },
  { name: 'site slow', does: 'network', link: 'site', how: 'slow' },
  { name: 'site truncated', does: 'network', link: 'site', how: 'truncated' },
  { name: 'site reset', does: 'network', link: 'site', how: 'reset' },
  { name: 'site half-open', does: 'network', link: 'site', how: 'half-open' },
  { name: 'worker to redis half-open', does: 'network', link: 'worker-redis', how: 'half-open' },
  { name: 'worker to redis reset', does: 'network', link: 'worker-redis', how: 'reset' },
  { name: 'api to redis half-open', does: 'network', link: 'api-redis', how: 'half-open' },
  { name: 'worker to mariadb half-open', does: 'network', link: 'worker-mariadb', how: 'half-open' },
  { name: 'worker to mariadb reset', does: 'network', link: 'worker-mariadb', how: 'reset' },
  { name: 'lock lost', does: 'unlock' },
  { name: 'job delivered twice', does: 'redeliver' },
  { name: 'request repeated', does: 'repeat' },
  { name: 'clock forward', does: 'clock', sign: 1 },
  { name: 'clock back', does: 'clock', sign: -1 },
] as const satisfies readonly Fault[];

export type Fault = { readonly name: string } & (
  | { readonly does: 'kill' | 'freeze'; readonly part: Part }
  | { readonly does: 'network'; readonly link: Link; readonly how: 'slow' | 'truncated' | 'reset' | 'half-open' }
  /** Redis dies with its data; the lock of a running job is deleted; a running job is put in line once more. */
  | { readonly does: 'empty' | 'unlock' | 'redeliver' }
  /** Every request is sent several times at once, and the API is killed over it. */
  | { readonly does: 'repeat' }
  | { readonly does: 'clock'; readonly sign: 1 | -1 }
);

export type Strike = {
  /** When it comes, as a share of what the round's work takes undisturbed. */
  readonly share: number;
  /** How long it stays. */
  readonly forMs: number;
  /** How bad it is, from 0 to 1; what that means depends on the fault. */
  readonly severity: number;
  /** Whether the share is one of the points that a commit or rollback of the agent passes, and not of time. */
  readonly isAtPoint: boolean;
};

export type ChaosRound = {
  readonly number: number;
  readonly fault: Fault;
  readonly work: readonly Work[];
  readonly strikes: readonly Strike[];
};

const MAIN_WORK = ['clone', 'exchange'] as const;
/** Who takes part when the agent writes to a site. */
const WRITERS: ReadonlySet<Part> = new Set(['worker', 'php', 'mariadb']);
const SIDE_WORK = ['extend', 'expire', 'delete', 'cancel', undefined, undefined] as const;
/** Longer than a lock lasts, so that some workers that wake up have lost what they held. */
const MOST_ASLEEP_MS = 8_000;
const MOST_AWAY_MS = 2_500;
const MOST_DEAD_MS = 800;

export type Wanted = {
  /** Parts of names of faults; all when empty. */
  readonly only?: readonly string[];
  /** One kind of work instead of both: `clone` or `exchange`. */
  readonly main?: string | undefined;
};

/**
 * The same rounds for the same seed: each fault in turn, beginning with any.
 * @throws Error when no fault or kind of work is called what is wanted
 */
export function planRounds(seed: number, count: number, wanted: Wanted = {}): ChaosRound[] {
  const random = randomFrom(seed);
  const order = shuffled(chooseFaults(wanted.only ?? []), random);
  const only = chooseWork(wanted.main);
  return Array.from({ length: count }, (_, at) => {
    const fault = order[at % order.length] as Fault;
    const picked = pick(MAIN_WORK, random);
    // Redis knows how to reach a target: without it nobody can end a restore that has begun (docs/operations.md).
    const main = fault.does === 'empty' ? 'clone' : (only ?? picked);
    const side = pick(SIDE_WORK, random);
    const couldBeAtPoint = main === 'exchange' && fault.does === 'kill' && WRITERS.has(fault.part);
    const isAtPoint = random() < 0.6 && couldBeAtPoint;
    const strikes = Array.from({ length: random() < 0.3 && !isAtPoint ? 2 : 1 }, () => planStrike(fault, isAtPoint, random));
    return { number: at + 1, fault, work: side === undefined ? [main] : [main, side], strikes: inOrder(strikes) };
  });
}

function chooseFaults(parts: readonly string[]): readonly Fault[] {
  const unknown = parts.find((part) => !FAULTS.some(({ name }) => name.includes(part)));
  if (unknown !== undefined) throw new Error(`No fault is called "${unknown}": ${FAULTS.map(({ name }) => name).join(', ')}.`);
  return parts.length === 0 ? FAULTS : FAULTS.filter(({ name }) => parts.some((part) => name.includes(part)));
}

function chooseWork(wanted: string | undefined): (typeof MAIN_WORK)[number] | undefined {
  const work = MAIN_WORK.find((name) => name === wanted);
  if (wanted !== undefined && work === undefined) throw new Error(`No work is called "${wanted}": ${MAIN_WORK.join(', ')}.`);
  return work;
}

function planStrike(fault: Fault, isAtPoint: boolean, random: () => number): Strike {
  return { share: random(), forMs: Math.round(random() * longestOf(fault)), severity: random(), isAtPoint };
}

function longestOf(fault: Fault): number {
  if (fault.does === 'freeze') return fault.part === 'worker' ? MOST_ASLEEP_MS : MOST_AWAY_MS;
  return fault.does === 'network' || fault.does === 'clock' ? MOST_AWAY_MS : MOST_DEAD_MS;
}

function inOrder(strikes: readonly Strike[]): Strike[] {
  return [...strikes].sort((one, other) => one.share - other.share);
}

export function describeRound({ number, fault, work, strikes }: ChaosRound): string {
  const times = strikes.map(
    ({ share, forMs, isAtPoint }) =>
      `after ${Math.round(share * 100)} % of its ${isAtPoint ? 'writing' : 'time'} for ${forMs} ms`,
  );
  return `round ${number}: ${fault.name}, ${times.join(' and ')}, during ${work.join(' and ')}`;
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)] as T;
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const keyed = items.map((item) => ({ item, key: random() }));
  return keyed.sort((one, other) => one.key - other.key).map(({ item }) => item);
}

/** Mulberry32: small, and good enough to spread faults. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
