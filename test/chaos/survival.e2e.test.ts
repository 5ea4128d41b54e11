import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rollBack } from '../support/restore-flow.ts';
import { audit } from './auditor.ts';
import { type ChaosRound, describeRound, planRounds } from './chaos-plan.ts';
import { ChaosTable, type Finding } from './chaos-table.ts';
import { awaitApi, awaitRest } from './settle.ts';
import { strike } from './strike.ts';
import { askFor } from './workload.ts';
import { learnPace, startWorld, type World, writeComment } from './world.ts';

/** The short form: a change is judged by the same plan as the one before it. */
const SHORT = { rounds: 6, seed: 5 } as const;
/** The long form plans anew each time. */
const LONG_ROUNDS = process.env['WCR_CHAOS_ROUNDS'];
const ROUNDS = Number(LONG_ROUNDS ?? SHORT.rounds);
const SEED = Number(
  process.env['WCR_CHAOS_SEED'] ?? (LONG_ROUNDS === undefined ? SHORT.seed : Math.floor(Math.random() * 2 ** 31)),
);
const ONLY = (process.env['WCR_CHAOS_ONLY'] ?? '').split(',').filter((part) => part !== '');
const PLAN = planRounds(SEED, ROUNDS, { only: ONLY, main: process.env['WCR_CHAOS_WORK'] || undefined });
const ARTEFACTS = resolve(import.meta.dirname, '../artefacts');
/** What a round takes at most, when everything has to be waited for. */
const ROUND_MS = 400_000;
const say = (line: string) => process.stderr.write(`${line}\n`);

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

it(
  'whatever dies or fails whenever: nothing that was accepted is lost, done twice, left over or half done',
  async () => {
    const table = new ChaosTable();
    say(`seed ${SEED}, ${ROUNDS} rounds; work takes about ${Math.round(world.workMs)} ms, a commit has ${world.points} points`);
    try {
      for (const round of PLAN) {
        say(describeRound(round));
        await play(round, table);
      }
    } finally {
      report(table);
    }
    expect(table.total()).toMatchObject({ rounds: ROUNDS, lost: 0, doubled: 0, orphaned: 0, mixed: 0 });
  },
  ROUNDS * ROUND_MS,
);

async function play(round: ChaosRound, table: ChaosTable): Promise<void> {
  const begun = performance.now();
  if (round.fault.does === 'empty') await returnToBefore();
  await writeComment(world, `round ${round.number}`);
  const [asked, struck] = await Promise.all([askFor(world, round), strikeAll(round)]);
  await awaitApi(world);
  const { ended, stuck } = await awaitRest(world, asked.jobs);
  const rested = performance.now();
  learnPace(world, rested - begun);
  const isRedisEmptied = round.fault.does === 'empty';
  // These could have taken away the sweeper's schedule.
  const isSweepDue = isRedisEmptied || round.fault.does === 'clock';
  const findings: Finding[] = [
    ...asked.findings,
    ...stuck.map((jobId) => ({ harm: 'lost' as const, what: `${jobId} has not ended` })),
    ...(await audit(world, { ended, isRedisEmptied, isSweepDue })),
  ];
  table.add(round.fault.name, struck, findings);
  const ends = ended.map(({ jobId, view }) => `${jobId.slice(0, 16)} ${view?.status} ${view?.error?.code ?? ''}`);
  say(`  ${struck} struck; ${ends.join(', ')}; ${Math.round(rested - begun)} + ${Math.round(performance.now() - rested)} ms`);
  for (const { harm, what } of findings) say(`  ${harm.toUpperCase()}: ${what}`);
  if (findings.some(({ harm }) => harm === 'mixed')) throw new Error('nothing can be told of a mixed site any more');
}

/** Each strike at its moment. @returns how many met something */
async function strikeAll({ fault, strikes }: ChaosRound): Promise<number> {
  const begun = performance.now();
  let struck = 0;
  for (const blow of strikes) {
    if (!blow.isAtPoint) await sleep(Math.max(0, begun + blow.share * world.workMs - performance.now()));
    if (await strike(world, fault, blow)) struck += 1;
  }
  return struck;
}

/** Without Redis nobody knows of a restore point. */
async function returnToBefore(): Promise<void> {
  const { restoreId, system } = world;
  if (restoreId === undefined) return;
  const { job } = await rollBack(system.stack, restoreId);
  expect(job.status, JSON.stringify(job.error)).toBe('completed');
  world.restoreId = undefined;
}

function report(table: ChaosTable): void {
  const text = `seed ${SEED}\n${table.render()}\n`;
  say(text);
  mkdirSync(ARTEFACTS, { recursive: true });
  writeFileSync(join(ARTEFACTS, 'survival.txt'), text);
}
