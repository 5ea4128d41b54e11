import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findFreePort } from '../services/process.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { stackLayout } from './stack-layout.ts';
import { choosePorts } from './stack-ports.ts';
import { ensureSecrets } from './stack-secrets.ts';

describe('secrets', () => {
  it('are made once, for their owner only', () => {
    const file = join(temporaryFolder(), 'state/secrets');
    const first = ensureSecrets(file, {});
    expect(first.secretsKey).toMatch(/^[0-9a-f]{64}$/);
    expect(ensureSecrets(file, {})).toEqual(first);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('come from the environment where it has them', () => {
    const file = join(temporaryFolder(), 'secrets');
    const stored = ensureSecrets(file, {});
    expect(ensureSecrets(file, { WCR_API_KEY: 'mine' })).toEqual({ ...stored, apiKey: 'mine' });
  });

  it('are not guessed when the file lost one', () => {
    const file = join(temporaryFolder(), 'secrets');
    writeFileSync(file, 'WCR_API_KEY=x\n');
    expect(() => ensureSecrets(file, {})).toThrow(/WCR_SECRETS_KEY/);
  });
});

describe('ports', () => {
  const taken = async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: (server.address() as { port: number }).port, close: () => server.close() };
  };

  it('stay the same from one start to the next', async () => {
    const file = join(temporaryFolder(), 'ports.json');
    const first = await choosePorts(file, { WCR_GATEWAY_PORT: String(await findFreePort()) }, () => false);
    expect(await choosePorts(file, {}, () => false)).toEqual(first);
  });

  it('give way to somebody else, and not to the stack itself', async () => {
    const file = join(temporaryFolder(), 'ports.json');
    const other = await taken();
    writeFileSync(file, JSON.stringify({ api: other.port }));
    expect((await choosePorts(file, {}, (name) => name === 'api')).api).toBe(other.port);
    expect((await choosePorts(file, {}, () => false)).api).not.toBe(other.port);
    other.close();
  });
});

it('as root, clones do not lie where their users cannot pass', () => {
  const folder = temporaryFolder();
  const state = join(folder, 'state');
  mkdirSync(state);
  chmodSync(folder, 0o700);
  const closed = stackLayout({ WCR_STATE_DIR: state }, true);
  expect([closed.clones, closed.mariaDb].some((path) => path.startsWith(folder))).toBe(false);
  expect(stackLayout({ WCR_STATE_DIR: state }, true)).toEqual(closed);
  expect(stackLayout({ WCR_STATE_DIR: state }, false).clones).toBe(join(state, 'clones'));
  chmodSync(folder, 0o711);
  expect(stackLayout({ WCR_STATE_DIR: state }, true).clones).toBe(join(state, 'clones'));
});

describe('the folder that stands in for a closed one', () => {
  const twinOf = (state: string): string => dirname(stackLayout({ WCR_STATE_DIR: state }, true).clones);
  const closedState = (): string => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o700);
    return join(folder, 'state');
  };

  it.each([
    ['a link', (twin: string) => symlinkSync(temporaryFolder(), twin)],
    ['a file', (twin: string) => writeFileSync(twin, '')],
  ])('is not taken when it is %s', (_what, make) => {
    const state = closedState();
    const twin = twinOf(state);
    make(twin);
    onTestFinished(() => rmSync(twin, { force: true }));
    expect(() => twinOf(state)).toThrow(/somebody else/);
  });

  it.runIf(process.getuid?.() === 0)('is not taken when it is somebody else’s', () => {
    const state = closedState();
    const twin = twinOf(state);
    mkdirSync(twin);
    onTestFinished(() => rmSync(twin, { recursive: true, force: true }));
    expect(twinOf(state)).toBe(twin);
    chownSync(twin, 65534, 65534);
    expect(() => twinOf(state)).toThrow(/somebody else/);
  });
});
