import type { Frame } from '@wcr/shared/contracts/agent-frames';
import { AppError } from '@wcr/shared/errors/app-error';
import { expect, it } from 'vitest';
import type { AgentClient } from '../../../drivers/agent/agent.types.ts';
import { createMemoryBaseStore } from '../../../drivers/agent/base-store.memory.ts';
import { decodeStream, encodeStream } from '../../../drivers/agent/frame-codec.ts';
import { Patience } from '../../../drivers/agent/patience.ts';
import { RowSum } from '../../../drivers/agent/row-sum.ts';
import { SourceAgent } from '../../../drivers/agent/source-agent.ts';
import { TargetAgent } from '../../../drivers/agent/target-agent.ts';
import type { Json, StepContext } from '../../../engine/engine.types.ts';
import type { Rewriter } from '../../../rewriter/rewriter.types.ts';
import { copyTables } from './copy-tables.ts';

const signal = new AbortController().signal;
const patience = () =>
  new Patience({ totalMs: 1_000, signal, exhausted: (reason) => new AppError('source.died', { reason }), log: () => undefined });
const frame = (kind: Frame['kind'], meta: object, data: Buffer = Buffer.alloc(0)): Frame => ({
  kind,
  meta: meta as Frame['meta'],
  data,
});
const rewriter = { mayContain: () => false } as unknown as Rewriter;
const begun = { maxRequestBytes: 1 << 20, maxPacketBytes: 1 << 20, charsets: [], collations: [] };

type Args = Record<string, unknown>;

/** A site with one table of one column, whose agent reads two rows a request. */
function createSource(options: { rows: () => string[]; key: string[] | null }): SourceAgent {
  const column = { name: 'v', type: 'text', kind: 'text', charset: 'utf8mb4', nullable: false, generated: false };
  const table = {
    ...{ name: 'wp_t', engine: 'InnoDB', createSql: 'CREATE TABLE {{table}} (v text)', foreignKeys: [], columns: [column] },
    ...{ key: options.key, transactional: true, approximateRows: 0, sizeBytes: 0 },
  };
  const answers: Record<string, (args: Args) => Frame[]> = {
    'tables.schema': () => [frame('J', { tables: [table], views: [], triggers: [], skipped: [] })],
    'tables.checksum': ({ cursor, rows: wanted }) => {
      const at = Number(cursor ?? 0);
      const sum = new RowSum(1);
      const part = options.rows().slice(at, at + Math.min(2, Number(wanted)));
      sum.add(Buffer.concat(part.map(packed)));
      return [
        frame('J', { rows: sum.rows, checksum: String(sum.checksum) }),
        frame('E', { cursor: String(at + sum.rows), done: part.length < 2 }),
      ];
    },
    'rows.read': ({ cursor }) => {
      const at = Number(cursor ?? 0);
      const rows = options.rows().slice(at, at + 2);
      const end = { cursor: String(at + rows.length), done: rows.length < 2 };
      const data = Buffer.concat(rows.map(packed));
      return [...(rows.length > 0 ? [frame('R', { rows: rows.length, cursor: end.cursor }, data)] : []), frame('E', end)];
    },
  };
  return new SourceAgent(clientOf(answers), { patience, signal, compress: false });
}

type Target = { agent: TargetAgent; rows: string[]; problems: string[]; made: number };

/** A target that takes frames only where they join. */
function createTarget(): Target {
  let at: { sequence: number; cursor: string | null; rows: number } = { sequence: 0, cursor: null, rows: 0 };
  const answers: Record<string, (args: Args, frames: Frame[]) => Frame[]> = {
    'session.state': () => [frame('J', { phase: 'open', tables: { wp_t: at } })],
    'session.verify': () => [frame('J', { ok: target.problems.length === 0, problems: target.problems })],
    'tables.create': () => {
      target.made += 1;
      target.rows.length = 0;
      at = { sequence: 0, cursor: null, rows: 0 };
      return [frame('J', {})];
    },
    'rows.write': (_args, frames) => {
      for (const { meta, data } of frames) {
        if (meta['from'] !== at.cursor) throw new AppError('agent.table_restart', { table: 'wp_t' });
        for (let start = 0; start < data.length; start += 5) target.rows.push(data.toString('utf8', start + 4, start + 5));
        at = { sequence: Number(meta['sequence']), cursor: String(meta['cursor']), rows: at.rows + Number(meta['rows']) };
      }
      return [frame('J', { warnings: [] })];
    },
  };
  const agent = new TargetAgent(clientOf(answers), { session: '0123456789ab', patience, signal });
  const target: Target = { agent, rows: [], problems: [], made: 0 };
  return target;
}

function clientOf(answers: Record<string, (args: Args, frames: Frame[]) => Frame[]>): AgentClient {
  return {
    async *call(operation, args, { frames = [] }) {
      const sent: Frame[] = [];
      for await (const one of decodeStream(chunks(encodeStream(frames)))) sent.push(one);
      yield* answers[operation]?.(args as Args, sent) ?? [];
    },
  };
}

async function* chunks(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** A row of one value of one byte. */
function packed(value: string): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.from(value)]);
}

function stepContext(saved?: Json): StepContext & { lines: string[] } {
  const lines: string[] = [];
  let scratch = saved;
  const write = async (value: Json) => {
    scratch = value;
  };
  return {
    ...{ key: 'job:tables', signal, lines, log: (line: string) => void lines.push(line), report: () => undefined },
    scratch: { read: async () => scratch, write },
  };
}

function copy(source: SourceAgent, target: Target, step = stepContext()): ReturnType<typeof copyTables> {
  const options = { prefix: 'wp_', rewriter, excludeTables: [], concurrency: 2 };
  return copyTables({ source, target: target.agent, base: createMemoryBaseStore(), begun }, options, step);
}

it('copies every row and counts them', async () => {
  const target = createTarget();
  const copied = await copy(createSource({ rows: () => [...'abcde'], key: ['v'] }), target);
  expect(target.rows.join('')).toBe('abcde');
  expect(copied).toMatchObject({ tables: 1, rows: 5, rowCounts: { wp_t: 5 }, warnings: [] });
});

it('fails when the target has other rows than were sent', async () => {
  const target = createTarget();
  target.problems.push('wp_t has 4 rows instead of 5');
  const copying = copy(createSource({ rows: () => [...'abcde'], key: ['v'] }), target);
  await expect(copying).rejects.toMatchObject({
    code: 'clone.verify_failed',
    detail: { reason: 'wp_t has 4 rows instead of 5' },
  });
});

it('starts a table again that does not stand where it was said to', async () => {
  const target = createTarget();
  const state = target.agent.state.bind(target.agent);
  const stale = { phase: 'open', tables: { wp_t: { sequence: 1, cursor: '2', rows: 2 } } };
  let asked = 0;
  target.agent.state = async () => {
    asked += 1;
    return asked === 1 ? stale : state();
  };
  const copied = await copy(createSource({ rows: () => [...'abcde'], key: ['v'] }), target);
  expect(target.rows.join('')).toBe('abcde');
  expect(copied.rowCounts).toEqual({ wp_t: 5 });
});

/** The rows at each reading of them; the last ones stay. */
function living(...states: string[]): () => string[] {
  return () => [...((states.length > 1 ? states.shift() : states[0]) ?? '')];
}

it('copies a table without a key again when rows moved while it was read', async () => {
  const target = createTarget();
  const step = stepContext();
  // The deletion of the first row moves c before the place where reading goes on.
  const copied = await copy(createSource({ rows: living('abcde', 'bcde'), key: null }), target, step);
  expect(target.rows.join('')).toBe('bcde');
  expect(copied).toMatchObject({ rows: 4, warnings: [] });
  expect(step.lines).toContainEqual(expect.stringContaining('wp_t: starts again (it has no key'));
});

it('takes rows that came behind the last one of a table without a key for new ones', async () => {
  const target = createTarget();
  const copied = await copy(createSource({ rows: living('abc', 'abc', 'abcde'), key: null }), target);
  expect(target.rows.join('')).toBe('abc');
  expect(target.made).toBe(1);
  expect(copied.warnings).toEqual([]);
});

it('warns of a table without a key that never stands still', async () => {
  let reading = 0;
  const rows = () => {
    reading += 1;
    return [...'abcde'].map((letter) => String.fromCharCode(letter.charCodeAt(0) + reading));
  };
  const copied = await copy(createSource({ rows, key: null }), createTarget());
  expect(copied.warnings).toEqual([expect.stringContaining('wp_t has no key and kept changing')]);
});

it('does not go on in the middle of a table without a key, and not at all in one that is settled', async () => {
  const source = createSource({ rows: () => [...'abcde'], key: null });
  const target = createTarget();
  await copy(source, target);
  expect(target.made).toBe(1);
  await copy(source, target);
  expect(target.made).toBe(2);
  expect(target.rows.join('')).toBe('abcde');
  const copied = await copy(source, target, stepContext({ settled: ['wp_t'] }));
  expect(target.made).toBe(2);
  expect(copied.rowCounts).toEqual({ wp_t: 5 });
});
