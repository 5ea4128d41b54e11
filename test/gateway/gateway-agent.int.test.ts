import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { SiteFacts } from '@wcr/shared/contracts/agent-facts';
import type { Frame } from '@wcr/shared/contracts/agent-frames';
import { localClonePaths } from '@wcr/shared/contracts/local-clone';
import { createAgentClient } from '@wcr/worker/drivers/agent/agent-client';
import type { CloneHandle } from '@wcr/worker/drivers/runtime/runtime.types';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalGateway, startLocalGateway } from '../support/local-gateway.ts';

const { signal } = new AbortController();

let gateway: LocalGateway;
let clone: CloneHandle;
beforeAll(async () => {
  gateway = await startLocalGateway();
  clone = await gateway.makeClone({}, { status: 'copying' });
});
afterAll(() => gateway?.[Symbol.asyncDispose]());

async function call(on: CloneHandle, operation: string, args: object, pairingKey = on.pairingKey): Promise<Frame[]> {
  const client = createAgentClient({ url: on.agentUrl, transport: 'standalone', pairingKey });
  const frames: Frame[] = [];
  for await (const frame of client.call(operation, args, { signal })) frames.push(frame);
  return frames;
}

it('an empty clone is told about by its own agent, database and paths included', async () => {
  const [answer] = await call(clone, 'site.facts', {});
  const facts = SiteFacts.parse(answer?.meta);
  expect(facts).toMatchObject({
    standalone: true,
    paths: { root: clone.rootPath },
    database: { name: clone.database.name, prefix: 'wp_' },
    php: { maxExecutionSeconds: 60, memoryLimitBytes: 256 * 1024 * 1024 },
  });
});

it('an empty clone takes a write session, and its files belong to its user', async () => {
  const session = randomBytes(6).toString('hex');
  const begin = { session, mode: 'replace', prefix: 'wp_', expect: { dbBytes: 1, fileBytes: 1 } };
  expect((await call(clone, 'session.begin', begin)).map((frame) => frame.kind)).toEqual(['J', 'E']);
  const createSql = 'CREATE TABLE {{table}} (id int NOT NULL PRIMARY KEY)';
  await call(clone, 'tables.create', { session, tables: [{ name: 'wp_things', createSql }] });
  const { agentWork, site } = localClonePaths(gateway.localDir, clone.record.id);
  expect(statSync(agentWork).uid).toBe(statSync(site).uid);
  expect((await call(clone, 'session.state', { session })).map((frame) => frame.kind)).toEqual(['J', 'E']);
});

it('the pairing key of another clone opens nothing', async () => {
  const other = await gateway.makeClone({}, { status: 'copying' });
  await expect(call(clone, 'site.facts', {}, other.pairingKey)).rejects.toMatchObject({ code: 'agent.signature_rejected' });
});
