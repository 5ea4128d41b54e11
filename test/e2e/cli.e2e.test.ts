import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WebhookEvent } from '@wcr/shared/contracts/webhooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../support/clone-flow.ts';
import { type LiveSite, startLiveSite } from '../support/restore-flow.ts';
import { runPhpIn } from '../support/sample-sources.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

const PROGRAM = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));

let stack: TestStack;
let live: LiveSite;
let cloneId: string;
let restoreId: string;
/** Hears of the ends of jobs. */
let receiver: Server;
const events: WebhookEvent[] = [];
const callback = () => ['--callback-url', `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`];

beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    events.push(JSON.parse(body) as WebhookEvent);
    response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  stack = await startTestStack();
  live = await startLiveSite(stack, 'live');
});
afterAll(async () => {
  await live?.stop();
  await stack?.[Symbol.asyncDispose]();
  receiver?.close();
  receiver?.closeAllConnections();
});

/** Runs the program as a script does. */
function cli(args: readonly string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
  const own = { PATH: process.env['PATH'] ?? '', WCR_API_URL: stack.apiUrl, WCR_API_KEY: stack.secrets.apiKey, ...env };
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], { env: own }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}

/** The answer of a command that must succeed. */
async function answer<T>(...args: readonly string[]): Promise<T> {
  const { code, out, err } = await cli([...args, '--json'], { WCR_SITE_PAIRING_KEY: live.access.pairingKey });
  expect(code, err).toBe(0);
  return JSON.parse(out) as T;
}

const title = () => runPhpIn(live.dir, 'echo get_post( 1 )->post_title;');

it('clones a site with its progress told, and hands out the address and a login that works', async () => {
  expect(await answer('webhooks', 'secret')).toMatchObject({ secret: expect.stringMatching(/^whsec_/) });
  const { code, out, err } = await cli(['clone', live.url, '--ttl', '2h', '--name', 'by hand', ...callback()], {
    WCR_SITE_PAIRING_KEY: live.access.pairingKey,
  });
  expect(code, err).toBe(0);
  expect(err).toMatch(/\[#+-*\] \d\/\d copy-files/);
  cloneId = /^clone +(\S+)$/m.exec(out)?.[1] ?? '';
  const [, url = ''] = /^address +(\S+)$/m.exec(out) ?? [];
  expect((await fetch(url)).status).toBe(200);
  expect(out).toMatch(/^password +\S+$/m);
});

it('lists it, and gives it another life', async () => {
  const { clones } = await answer<{ clones: { id: string; expiresAt: string }[] }>('clones');
  expect(clones.map(({ id }) => id)).toEqual([cloneId]);
  const { clone } = await answer<{ clone: { expiresAt: string } }>('extend', cloneId, '--ttl', '9h');
  expect(Date.parse(clone.expiresAt)).toBeGreaterThan(Date.parse(clones[0]?.expiresAt ?? ''));
});

it('shows the job and its log, which ends with the job when it is followed', async () => {
  const { jobs } = await answer<{ jobs: { id: string; status: string }[] }>('jobs');
  expect(jobs).toMatchObject([{ status: 'completed' }]);
  const { code, out } = await cli(['logs', '-f', jobs[0]?.id ?? '']);
  expect(code).toBe(0);
  expect(out).toContain('[copy-tables]');
});

it('previews a restore without a change, restores, and rolls back', async () => {
  const before = await title();
  await runPhpIn(join(stack.localDir, cloneId, 'site'), `wp_update_post( array( 'ID' => 1, 'post_title' => 'Edited' ) );`);
  const preview = await answer<{ restore: { report: { dryRun: boolean; rowsWritten: number } } }>(
    'restore',
    cloneId,
    live.url,
    '--dry-run',
  );
  expect(preview.restore.report.dryRun).toBe(true);
  expect(await title()).toBe(before);
  const { restore } = await answer<{ restore: { id: string } }>('restore', cloneId, live.url, '--yes', ...callback());
  restoreId = restore.id;
  expect(await title()).toBe('Edited');
  await answer('rollback', restoreId);
  expect(await title()).toBe(before);
});

it('makes a key, which is refused once it is revoked', async () => {
  const { key, details } = await answer<{ key: string; details: { id: string } }>(
    'keys',
    'create',
    '--name',
    'ci',
    '--scope',
    'clones:read',
  );
  const as = { WCR_API_KEY: key };
  expect((await cli(['clones'], as)).code).toBe(0);
  expect((await cli(['keys'], as)).code).toBe(3);
  await answer('keys', 'revoke', details.id);
  expect((await cli(['clones'], as)).code).toBe(3);
});

it('removes the clone, and says with its exit code what went wrong otherwise', async () => {
  const { clone } = await answer<{ clone: { status: string } }>('delete', cloneId);
  expect(clone.status).toBe('expired');
  const [ended, unreachable, unknown] = await Promise.all([
    cli(['extend', cloneId, '--ttl', '1h', '--json']),
    cli(['clones'], { WCR_API_URL: 'http://127.0.0.1:1' }),
    cli(['clnes']),
  ]);
  expect([ended.code, unreachable.code, unknown.code]).toEqual([1, 4, 2]);
  expect(JSON.parse(ended.err)).toMatchObject({ error: { code: 'clone.ended' } });
});

it('has the callback told of the clone, its restore, rollback and end', async () => {
  await until(async () => (events.length === 4 ? true : undefined));
  const told = events.map(({ type, data: { job, clone, restore } }) => [
    type,
    job.queue,
    clone?.id ?? restore?.id,
    clone?.status,
  ]);
  expect(told).toEqual([
    ['job.completed', 'clone', cloneId, 'ready'],
    ['job.completed', 'restore', restoreId, undefined],
    ['job.completed', 'rollback', restoreId, undefined],
    ['job.completed', 'expire', cloneId, 'expired'],
  ]);
  const { deliveries } = await answer<{ deliveries: object[] }>('webhooks', events[1]?.data.job.id ?? '');
  expect(deliveries).toMatchObject([{ status: 'delivered', attempts: [{ status: 204 }] }]);
});

it('completes commands and options in bash, zsh and fish', async () => {
  const shells = ['bash', 'zsh', 'fish'].map((shell) => ['completion', shell]);
  const [bash, zsh, fish, commands, options] = await Promise.all(
    [...shells, ['complete', '--', 'cl'], ['complete', '--', 'clone', '--tt']].map((args) => cli(args)),
  );
  for (const script of [bash, zsh, fish]) expect(script?.out).toContain('clone-restore complete --');
  expect(commands?.out).toMatch(/^clone\t.*\nclones\t/m);
  expect(options?.out).toMatch(/^--ttl\t/m);
});
