import { restoreJob } from '@wcr/worker/jobs/restore/restore.job';

export type Victim = 'worker' | 'php' | 'database';

/** Who is killed, while what goes on, and when. */
export type ChaosRound = {
  readonly number: number;
  readonly victim: Victim;
  readonly during: 'restore' | 'rollback';
  readonly moment:
    | { readonly kind: 'step'; readonly step: string; readonly delayMs: number }
    /** A share of the time that it takes undisturbed; with `cancel` somebody has just asked for its end. */
    | { readonly kind: 'instant' | 'cancel'; readonly share: number }
    /** A share of the points that the commit, or the rollback, of the agent passes. */
    | { readonly kind: 'point'; readonly share: number };
  readonly downMs: number;
};

const KINDS = [
  { during: 'restore', kind: 'step' },
  { during: 'restore', kind: 'point' },
  { during: 'restore', kind: 'instant' },
  { during: 'rollback', kind: 'point' },
  { during: 'restore', kind: 'cancel' },
] as const;
const VICTIMS: readonly Victim[] = ['worker', 'php', 'database'];
/** One of each kind with every victim. */
export const ALL_KINDS = KINDS.length * VICTIMS.length;
const MOST_DOWN_MS = 1_500;
const MOST_DELAY_MS = 200;
/** Most points lie in exchanges of files; rows change in this share of them, at the end. */
const ROWS_SHARE = 0.1;

/** The same rounds for the same seed. */
export function planRounds(seed: number, count: number): ChaosRound[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, at) => {
    const { during, kind } = KINDS[Math.floor(at / VICTIMS.length) % KINDS.length] as (typeof KINDS)[number];
    const steps = restoreJob.steps;
    const step = steps[Math.floor(random() * steps.length)] as string;
    const share = spread(random(), kind === 'point' && random() < 0.5);
    const delayMs = random() * MOST_DELAY_MS;
    return {
      number: at + 1,
      victim: VICTIMS[at % VICTIMS.length] as Victim,
      during,
      moment: kind === 'step' ? { kind, step, delayMs } : { kind, share },
      downMs: random() * MOST_DOWN_MS,
    };
  });
}

function spread(share: number, isAmongRows: boolean): number {
  return isAmongRows ? 1 - ROWS_SHARE * share : share;
}

export function describeRound({ number, victim, during, moment, downMs }: ChaosRound): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const when = {
    step: () => moment.kind === 'step' && `${moment.delayMs.toFixed(0)} ms after ${moment.step} began`,
    instant: () => moment.kind === 'instant' && `after ${percent(moment.share)} of its time`,
    cancel: () => moment.kind === 'cancel' && `cancelled after ${percent(moment.share)} of its time`,
    point: () => moment.kind === 'point' && `after ${percent(moment.share)} of the agent's work`,
  }[moment.kind]();
  return `round ${number}: ${victim} killed in the ${during}, ${when}, back after ${downMs.toFixed(0)} ms`;
}

/** What came of all rounds. */
export class ChaosTable {
  readonly kills: Record<Victim, number> = { worker: 0, php: 0, database: 0 };
  /** Planned kills whose moment did not come. */
  missed = 0;
  rounds = 0;
  readonly states = { A: 0, B: 0, mixed: 0 };
  /** Jobs that never ended or contradict the site, and visitors' rows that are gone. */
  lost = 0;
  leftOver = 0;

  render(seed: number): string {
    const { worker, php, database } = this.kills;
    const rows = [
      ['rounds', this.rounds],
      ['killed: worker', worker],
      ['killed: PHP', php],
      ['killed: MariaDB', database],
      ['moment missed', this.missed],
      ['before (A)', this.states.A],
      ['restored (B)', this.states.B],
      ['mixed', this.states.mixed],
      ['lost', this.lost],
      ['left over', this.leftOver],
    ] as const;
    return [`seed ${seed}`, ...rows.map(([name, count]) => `${name.padEnd(18)}${String(count).padStart(6)}`)].join('\n');
  }
}

/** Mulberry32: small, and good enough to spread kills. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
