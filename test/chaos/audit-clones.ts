import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DELAYED_SCORE_FACTOR } from '@wcr/shared/contracts/queues';
import { connectAsRoot } from '@wcr/stack/services/mariadb';
import { expireJobId } from '@wcr/worker/queue/expire-schedule';
import type { RowDataPacket } from 'mysql2/promise';
import { type CloneView, readClone, readCredentials } from '../support/clone-flow.ts';
import { processesNaming } from '../support/leftovers.ts';
import type { Finding } from './chaos-table.ts';
import type { ExpectedClone, World } from './world.ts';

/** Two times that differ by less are the same for a delayed job. */
const SAME_TIME_MS = 1_500;
const CLONE_ID = /\d{8}[-_]\d{6}[-_][a-z0-9]{4}/;
const UNSETTLED: ReadonlySet<string> = new Set(['queued', 'provisioning', 'copying', 'expiring']);

/** Whether each clone that must live does, with its login, its expiry and the job that will remove it. */
export async function auditLivingClones(world: World): Promise<Finding[]> {
  const living = [...world.clones.values()].filter(({ isDoomed }) => !isDoomed);
  const findings = await Promise.all(living.map((clone) => auditLivingClone(world, clone)));
  return findings.flat().map((what) => ({ harm: 'lost', what }));
}

async function auditLivingClone(world: World, clone: ExpectedClone): Promise<string[]> {
  const { stack } = world.system;
  const view = await readClone(stack, clone.id);
  if (view.status !== 'ready') return [`${clone.id} is ${view.status ?? JSON.stringify(view)}`];
  const { password } = await readCredentials(stack, clone.id);
  clone.password ??= password;
  const hasLogin = password !== undefined && password === clone.password;
  return [
    ...(hasLogin ? [] : [`${clone.id} has another login`]),
    ...expiryProblems(clone, view),
    ...(await appointmentProblems(world, view)),
  ];
}

function expiryProblems({ id, expiries }: ExpectedClone, { expiresAt }: CloneView): string[] {
  if (expiries.length === 0) expiries.push(Date.parse(expiresAt));
  return expiries.at(-1) === Date.parse(expiresAt) ? [] : [`${id} expires at ${expiresAt}`];
}

async function appointmentProblems({ queues, redis }: World, { id, expiresAt }: CloneView): Promise<string[]> {
  const score = await redis.zscore(queues.expire.toKey('delayed'), expireJobId(id));
  const due = Math.floor(Number(score) / DELAYED_SCORE_FACTOR);
  if (score !== null && Math.abs(due - Date.parse(expiresAt)) < SAME_TIME_MS) return [];
  return [`${id} ${score === null ? 'has no job' : `has its job at ${new Date(due).toISOString()}`} for its end at ${expiresAt}`];
}

/** What exists of clones that may not: folders, system users, schemas, database users, processes and records. */
export async function auditRemains(world: World): Promise<Finding[]> {
  const living = new Set([...world.clones.values()].filter(({ isDoomed }) => !isDoomed).map(({ id }) => id));
  const known = new Set([...world.clones.keys(), ...world.gone]);
  const dead = [...known].filter((id) => !living.has(id));
  const found = [...(await partsOfClones(world)), ...(await recordsOfClones(world))];
  return [
    ...found.filter(({ id }) => !living.has(id)).map(({ id, what }) => ({ harm: harmOf(known.has(id)), what })),
    ...processesNaming((text) => dead.some((id) => text.includes(id))).map((what) => ({ harm: 'orphaned' as const, what })),
    ...missingParts(found, living),
  ];
}

/** What nobody asked for was made twice. */
function harmOf(isKnown: boolean): Finding['harm'] {
  return isKnown ? 'orphaned' : 'doubled';
}

type Part = { readonly id: string; readonly kind: 'folder' | 'uid' | 'schema' | 'user' | 'record'; readonly what: string };

/** Every living clone has one folder, schema and database user. */
function missingParts(found: readonly Part[], living: ReadonlySet<string>): Finding[] {
  return [...living].flatMap((id) =>
    (['folder', 'schema', 'user'] as const).flatMap((kind) => {
      const count = found.filter((part) => part.id === id && part.kind === kind).length;
      if (count === 1) return [];
      return [{ harm: count === 0 ? ('lost' as const) : ('doubled' as const), what: `${id} has ${count} of its ${kind}` }];
    }),
  );
}

async function partsOfClones({ system }: World): Promise<Part[]> {
  const { localDir } = system.stack;
  const uidsDir = join(localDir, '.uids');
  const uids = existsSync(uidsDir) ? readdirSync(uidsDir) : [];
  const folders = readdirSync(localDir).filter((name) => name !== '.uids');
  const connection = await connectAsRoot(system.mariaDb);
  try {
    const names = async (sql: string): Promise<string[]> => {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      // A user has a row for each host it may come from.
      return [...new Set(rows.map((row) => String(row['name'])))].filter((name) => name.startsWith('wcr_'));
    };
    const schemas = await names('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA');
    const users = await names('SELECT User AS name FROM mysql.user');
    return [
      ...folders.map((name) => partOf('folder', name, name)),
      ...uids.map((name) => partOf('uid', readFileSync(join(uidsDir, name), 'utf8'), `user ${name}`)),
      ...schemas.map((name) => partOf('schema', name, name)),
      ...users.map((name) => partOf('user', name, `database user ${name}`)),
    ].filter(({ id }) => id !== '');
  } finally {
    await connection.end();
  }
}

function partOf(kind: Part['kind'], text: string, what: string): Part {
  const mark = CLONE_ID.exec(text)?.[0];
  return { kind, what, id: mark === undefined ? '' : `clone-${mark.replaceAll('_', '-')}` };
}

/** Of clones that are neither ready nor over. */
async function recordsOfClones({ system }: World): Promise<Part[]> {
  const { body } = await system.stack.call<{ clones: CloneView[] }>('GET', '/api/v1/clones?limit=100');
  return body.clones
    .filter(({ status }) => status === 'ready' || UNSETTLED.has(status))
    .map(({ id, status }) => ({ id, kind: 'record', what: `the record of ${id} says ${status}` }));
}
