import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { localClonePaths } from '@wcr/shared/contracts/local-clone';
import { AppError } from '@wcr/shared/errors/app-error';
import { createAgentClient } from '@wcr/worker/drivers/agent/agent-client';
import { createAgentFileSink } from '@wcr/worker/drivers/agent/agent-file-sink';
import { Patience } from '@wcr/worker/drivers/agent/patience';
import { TargetAgent } from '@wcr/worker/drivers/agent/target-agent';
import type { FilePiece, FileSink, MadeEntry } from '@wcr/worker/drivers/runtime/file-sink.types';
import { createCloneSpec } from '@wcr/worker/drivers/runtime/runtime.contract';
import { createMemoryRuntime } from '@wcr/worker/drivers/runtime/runtime.memory';
import type { CloneHandle } from '@wcr/worker/drivers/runtime/runtime.types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findLeftovers, type LocalGateway, startLocalGateway } from '../support/local-gateway.ts';

const { signal } = new AbortController();
let gateway: LocalGateway;

beforeAll(async () => {
  gateway = await startLocalGateway();
});

afterAll(() => gateway?.[Symbol.asyncDispose]());

async function makeClone(): Promise<CloneHandle> {
  const handle = await gateway.runtime.ensure(createCloneSpec({ status: 'copying' }), signal);
  await gateway.runtime.awaitReady(handle.record.id, signal);
  return handle;
}

async function openAgentFiles({ agentUrl: url, pairingKey }: CloneHandle): Promise<FileSink> {
  const client = createAgentClient({ url, transport: 'standalone', pairingKey });
  const exhausted = (reason: string) => new AppError('runtime.failed', { reason });
  const patience = () => new Patience({ totalMs: 5_000, signal, exhausted, log: () => undefined });
  const target = new TargetAgent(client, { session: '0123456789ab', patience, signal });
  await target.begin({ mode: 'replace', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
  return createAgentFileSink(target);
}

async function openDirectFiles({ record }: CloneHandle): Promise<FileSink> {
  const sink = await gateway.runtime.openFiles?.(record.id, signal);
  if (sink === undefined) throw new Error('there is no direct way');
  return sink;
}

const piece = (path: string, text: string, patch: Partial<FilePiece> = {}): FilePiece => {
  const data = Buffer.from(text);
  return { path, data, offset: 0, eof: true, size: data.length, mtime: 1_500_000_000, mode: 0o644, ...patch };
};

/** Everything below a site, with all that a visitor or PHP could tell apart. */
function treeOf(cloneId: string): string[] {
  const { site } = localClonePaths(gateway.localDir, cloneId);
  return readdirSync(site, { recursive: true, encoding: 'latin1' })
    .map((name) => {
      const path = Buffer.from(join(site, name), 'latin1');
      const info = lstatSync(path);
      const isOwn = info.uid === lstatSync(site).uid && info.gid === lstatSync(site).gid;
      const content = info.isSymbolicLink() ? readlinkSync(path) : info.isFile() ? `${info.mtimeMs} ${readFileSync(path)}` : '';
      return `${name} ${info.mode.toString(8)} ${isOwn ? 'own' : 'foreign'} ${content}`;
    })
    .sort();
}

async function fill(sink: FileSink): Promise<void> {
  const made: MadeEntry[] = [
    { kind: 'd', path: 'closed', mode: 0o1000 },
    { kind: 'd', path: 'plugins/one', mode: 0o775 },
    { kind: 'l', path: 'plugins/two', mode: 0o777, target: 'one' },
    { kind: 'l', path: 'not/there/yet', mode: 0o777, target: '../../plugins/one' },
  ];
  for (let round = 0; round < 2; round += 1) {
    await sink.makeEntries(made);
    await sink.writeFiles(
      [
        piece('index.php', '<?php'),
        piece('plugins/one/run.sh', '#!', { mode: 0o6755 }),
        piece('plugins/two/through-a-link.txt', 'x', { mode: 0o600 }),
        piece('implied/folder/parts', 'first ', { eof: false }),
        piece('implied/folder/parts', 'second', { offset: 6, size: 12, mode: 0o440 }),
        piece('\xff\xfe name.txt', 'not UTF-8', { mtime: 1 }),
      ].slice(0, round === 0 ? undefined : 3),
    );
  }
  await sink[Symbol.asyncDispose]();
}

describe('the files of a clone', () => {
  it('are the same whichever way they go', async () => {
    const [one, other] = [await makeClone(), await makeClone()];
    await fill(await openAgentFiles(one));
    await fill(await openDirectFiles(other));
    const tree = treeOf(other.record.id);
    expect(tree.length).toBeGreaterThan(12);
    expect(tree).toEqual(treeOf(one.record.id));
    expect(tree.filter((line) => line.includes(' foreign '))).toEqual([]);
  });

  it.each([
    ['a path', { write: 'a/../../evil' }],
    ['a link', { link: '../../evil' }],
    ['a path below a link that leads nowhere', { write: 'plugins/dangling/evil' }],
  ])('are refused alike: %s', async (_, { write, link }: { write?: string; link?: string }) => {
    const handle = await makeClone();
    for (const sink of [await openAgentFiles(handle), await openDirectFiles(handle)]) {
      await sink.makeEntries([{ kind: 'l', path: 'plugins/dangling', mode: 0o777, target: 'nowhere' }]);
      const evil =
        write === undefined
          ? sink.makeEntries([{ kind: 'l', path: 'evil', mode: 0o777, target: link ?? '' }])
          : sink.writeFiles([piece(write, 'evil')]);
      await expect(evil).rejects.toMatchObject({ code: 'agent.path_refused' });
      await sink[Symbol.asyncDispose]();
    }
  });

  it('cannot be opened in a runtime that has no short way, nor when there is nothing to write to', async () => {
    expect(createMemoryRuntime().openFiles).toBeUndefined();
    const nobody = createCloneSpec().record.id;
    await expect(gateway.runtime.openFiles?.(nobody, signal)).rejects.toMatchObject({ code: 'runtime.failed' });
    const { record } = await gateway.makeClone({}, { status: 'ready' });
    await expect(gateway.runtime.openFiles?.(record.id, signal)).rejects.toMatchObject({ code: 'runtime.failed' });
    const { record: aborted } = await makeClone();
    await expect(gateway.runtime.openFiles?.(aborted.id, AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  });
});

describe('a worker that comes late', () => {
  const late = [piece('late.txt', 'late')];
  const lost = { code: 'runtime.failed', retryable: true };

  it('writes nothing once another has opened the files', async () => {
    const handle = await makeClone();
    await using sink = await openDirectFiles(handle);
    await using next = (await gateway.anotherRuntime().openFiles?.(handle.record.id, signal)) as FileSink;
    await next.writeFiles([piece('index.php', 'x')]);
    await expect(sink.writeFiles(late)).rejects.toMatchObject(lost);
    expect(treeOf(handle.record.id)).toHaveLength(1);
  });

  it.each([
    ['finishedAt', { finishedAt: 1 }],
    ['ready', { status: 'ready' }],
    ['expiring', { status: 'expiring' }],
  ] as const)('writes nothing once the clone is %s', async (_, patch) => {
    const handle = await makeClone();
    await using sink = await openDirectFiles(handle);
    await gateway.runtime.update(handle.record.id, { status: 'copying', name: 'still' });
    await sink.writeFiles([piece('index.php', 'x')]);
    await gateway.runtime.update(handle.record.id, patch);
    await expect(sink.writeFiles(late)).rejects.toMatchObject(lost);
    await expect(gateway.runtime.openFiles?.(handle.record.id, signal)).rejects.toMatchObject(lost);
    expect(treeOf(handle.record.id)).toHaveLength(1);
  });

  it('brings nothing of a removed clone back', async () => {
    const handle = await makeClone();
    const { id } = handle.record;
    await using sink = await openDirectFiles(handle);
    await sink.makeEntries([{ kind: 'd', path: 'folder', mode: 0o755 }]);
    await gateway.runtime.remove(id, signal);
    await expect(sink.writeFiles([piece('folder/late.txt', 'late')])).rejects.toMatchObject(lost);
    await expect(sink.makeEntries([{ kind: 'd', path: 'late', mode: 0o755 }])).rejects.toMatchObject(lost);
    await expect(gateway.runtime.openFiles?.(id, signal)).rejects.toMatchObject(lost);
    expect(await findLeftovers(gateway, id)).toEqual([]);
  });
});
