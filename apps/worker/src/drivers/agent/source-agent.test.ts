import type { Frame } from '@wcr/shared/contracts/agent-frames';
import type { TableSchema } from '@wcr/shared/contracts/agent-schema';
import { AppError } from '@wcr/shared/errors/app-error';
import { expect, it } from 'vitest';
import type { AgentClient } from './agent.types.ts';
import { TransportError } from './agent-client.ts';
import { pathToWire } from './index-codec.ts';
import { Patience } from './patience.ts';
import { SourceAgent } from './source-agent.ts';

const signal = new AbortController().signal;
const EMPTY = Buffer.alloc(0);
const frame = (kind: Frame['kind'], meta: object, data = EMPTY): Frame => ({ kind, meta: meta as Frame['meta'], data });

type Answer = (args: Record<string, unknown>) => Generator<Frame>;

function agentOf(answers: Answer[], totalMs = 60_000): SourceAgent {
  const client: AgentClient = {
    async *call(_operation, args) {
      const answer = answers.shift();
      if (answer === undefined) throw new TransportError('no more answers');
      yield* answer(args as Record<string, unknown>);
    },
  };
  const exhausted = (reason: string) => new AppError('source.died', { reason });
  const patience = () => new Patience({ totalMs, signal, exhausted, log: () => undefined, firstDelayMs: 1 });
  return new SourceAgent(client, { patience, signal, compress: false });
}

const table = { name: 't', columns: [{ name: 'id', generated: false }], key: ['id'] } as unknown as TableSchema;

it('goes on after the last rows that arrived when an answer is cut off', async () => {
  const cursors: unknown[] = [];
  const agent = agentOf([
    function* (args) {
      cursors.push(args['cursor']);
      yield frame('R', { rows: 1, cursor: 'one' }, Buffer.from('1'));
      throw new AppError('agent.truncated');
    },
    function* (args) {
      cursors.push(args['cursor']);
      yield frame('R', { rows: 1, cursor: 'two' }, Buffer.from('2'));
      yield frame('E', { cursor: 'two', done: false });
    },
    function* (args) {
      cursors.push(args['cursor']);
      yield frame('E', { cursor: 'two', done: true });
    },
  ]);
  const rows: string[] = [];
  for await (const batch of agent.rows(table, null)) rows.push(batch.data.toString());
  expect(rows).toEqual(['1', '2']);
  expect(cursors).toEqual([null, 'one', 'two']);
});

it('asks for the rest of a file at the byte where the answer stopped', async () => {
  const asked: unknown[] = [];
  const part = (offset: number, text: string, eof: boolean) =>
    frame('F', { path: pathToWire('a'), offset, eof, size: 4, mtime: 1, mode: 420 }, Buffer.from(text));
  const agent = agentOf([
    function* (args) {
      asked.push(args['files']);
      yield part(0, 'ab', false);
      throw new TransportError('ECONNRESET');
    },
    function* (args) {
      asked.push(args['files']);
      yield part(2, 'cd', true);
      yield frame('F', { path: pathToWire('b'), error: 'missing' });
      yield frame('E', { done: true });
    },
  ]);
  const parts: string[] = [];
  for await (const got of agent.files([
    { path: 'a', offset: 0 },
    { path: 'b', offset: 0 },
  ]))
    parts.push(got.error ?? got.data.toString());
  expect(parts).toEqual(['ab', 'cd', 'missing']);
  expect(asked[1]).toEqual([
    { path: pathToWire('a'), offset: 2 },
    { path: pathToWire('b'), offset: 0 },
  ]);
});

it('names a source that stays silent', async () => {
  const agent = agentOf([], 20);
  await expect(agent.facts()).rejects.toMatchObject({ code: 'source.died' });
});

it('does not ask again when the agent says that it cannot', async () => {
  let calls = 0;
  const agent = agentOf([
    function* () {
      calls += 1;
      yield* [];
      throw new AppError('agent.path_refused', { path: '..' });
    },
  ]);
  await expect(agent.facts()).rejects.toMatchObject({ code: 'agent.path_refused' });
  expect(calls).toBe(1);
});
