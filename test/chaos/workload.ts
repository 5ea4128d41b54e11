import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../support/test-stack.ts';
import type { ChaosRound, Work } from './chaos-plan.ts';
import type { Finding } from './chaos-table.ts';
import { spareClones, type World } from './world.ts';

/** A job that was taken on. */
export type AcceptedJob = { readonly jobId: string; readonly cloneId?: string; readonly restoreId?: string };

/** What came of asking for a round's work. */
export type Asked = { readonly jobs: AcceptedJob[]; readonly findings: Finding[] };

type Body = { clone?: { id: string; expiresAt?: string }; restore?: { id: string }; job?: { id: string } };
type Request = {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
};

/** More than one spare clone is removed by and by. */
const MOST_SPARE = 2;
const TTL_MINUTES = 600;
/** Long enough for the wish to arrive, short enough to be waited for. */
const SOON_MS = 2_000;
const REPEATS = 3;
const ASK_AGAIN_MS = 150;
const MOST_REGRET_MS = 3_000;

/** Asks for a round's work as clients do who want it done: again and again until there is an answer. */
export async function askFor(world: World, round: ChaosRound): Promise<Asked> {
  const asked: Asked = { jobs: [], findings: [] };
  const surplus: Work[] = spareClones(world).length >= MOST_SPARE ? ['delete'] : [];
  // One after the other: the end of a clone may be asked for while it is made.
  for (const work of new Set([...round.work, ...surplus])) await ASKS[work](world, round, asked);
  return asked;
}

const ASKS: Readonly<Record<Work, (world: World, round: ChaosRound, asked: Asked) => Promise<void>>> = {
  async clone(world, round, asked) {
    const { target } = world.scene.request as { target: unknown };
    const body = { source: target, ttlMinutes: TTL_MINUTES };
    const answers = await send(world, round, {
      method: 'POST',
      path: '/api/v1/clones',
      body,
      idempotencyKey: `clone ${round.number}`,
    });
    const ids = namesIn(answers, ({ clone }) => clone?.id);
    noteDoubles(asked, 'clone', ids);
    const jobId = answers.at(-1)?.body.job?.id;
    for (const id of ids) world.clones.set(id, { id, jobId: jobId ?? '', expiries: [], isDoomed: false });
    if (jobId !== undefined) asked.jobs.push({ jobId, cloneId: ids[0] ?? '' });
  },

  async exchange(world, round, asked) {
    const { restoreId, scene } = world;
    const isBack = restoreId !== undefined;
    const path = isBack ? `/api/v1/restores/${restoreId}/rollback` : '/api/v1/restores';
    const idempotencyKey = `restore ${round.number}`;
    const answers = await send(world, round, {
      method: 'POST',
      path,
      ...(isBack ? {} : { body: scene.request, idempotencyKey }),
    });
    const jobIds = namesIn(answers, ({ job }) => job?.id);
    noteDoubles(asked, isBack ? 'rollback' : 'restore', jobIds);
    for (const jobId of jobIds) asked.jobs.push({ jobId, restoreId: restoreId ?? jobId });
  },

  async extend(world, round, asked) {
    const clone = world.clones.get(world.scene.clone.id);
    if (clone === undefined) return;
    const expiresAt = Date.now() + TTL_MINUTES * 60_000 + round.number * 1_000;
    const [answer] = await send(world, round, patchOf(clone.id, expiresAt));
    if (answer?.status === 200) clone.expiries.push(expiresAt);
    else asked.findings.push({ harm: 'lost', what: `the clone that is kept could not be extended: ${JSON.stringify(answer)}` });
  },

  async expire(world, round, asked) {
    const [clone] = spareClones(world);
    if (clone === undefined) return ASKS.extend(world, round, asked);
    const [answer] = await send(world, round, patchOf(clone.id, Date.now() + SOON_MS));
    // One that is still in line cannot be given another time, and a clock that is ahead may find it past.
    if (answer?.status === 200) clone.isDoomed = true;
  },

  async delete(world, round, asked) {
    const [clone] = spareClones(world);
    if (clone === undefined) return ASKS.extend(world, round, asked);
    const answers = await send(world, round, { method: 'DELETE', path: `/api/v1/clones/${clone.id}` });
    for (const jobId of namesIn(answers, ({ job }) => job?.id)) asked.jobs.push({ jobId, cloneId: clone.id });
    if (answers.some(({ status }) => status === 202)) clone.isDoomed = true;
  },

  /** Whoever changes their mind about what was asked for just now; the job's end tells who was quicker. */
  async cancel(world, round, { jobs }) {
    const [job] = jobs;
    await sleep((round.strikes[0]?.severity ?? 0) * MOST_REGRET_MS);
    if (job !== undefined) await send(world, round, { method: 'POST', path: `/api/v1/jobs/${job.jobId}/cancel` });
  },
};

function patchOf(cloneId: string, expiresAt: number): Request {
  return { method: 'PATCH', path: `/api/v1/clones/${cloneId}`, body: { expiresAt: new Date(expiresAt).toISOString() } };
}

function noteDoubles({ findings }: Asked, what: string, ids: readonly string[]): void {
  if (ids.length > 1) findings.push({ harm: 'doubled', what: `one request for a ${what} gave ${ids.join(' and ')}` });
}

/** Each answer to the request; several when the round repeats requests. */
async function send(world: World, { fault }: ChaosRound, request: Request): Promise<Answer<Body>[]> {
  const times = fault.does === 'repeat' ? REPEATS : 1;
  return Promise.all(Array.from({ length: times }, () => insist(world, request)));
}

/** The API's decision: neither a broken connection nor a 5xx is one. */
async function insist({ system }: World, { method, path, body, idempotencyKey }: Request): Promise<Answer<Body>> {
  const headers = idempotencyKey === undefined ? undefined : { 'idempotency-key': idempotencyKey };
  for (;;) {
    const answer = await system.stack.call<Body>(method, path, body, headers).catch(() => undefined);
    if (answer !== undefined && answer.status < 500) return answer;
    await sleep(ASK_AGAIN_MS);
  }
}

function namesIn(answers: readonly Answer<Body>[], read: (body: Body) => string | undefined): string[] {
  return [...new Set(answers.map(({ body }) => read(body)))].filter((name) => name !== undefined);
}
