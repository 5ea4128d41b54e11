import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { findFreePort, isGroupAlive } from '../services/process.ts';

const run = promisify(execFile);
const PORTS = ['REDIS', 'DATABASE', 'API', 'GATEWAY', 'METRICS', 'SAMPLE'];

/** The commands with a state folder and ports of their own: nobody's stack is touched. */
async function isolatedStack() {
  const state = mkdtempSync(join(tmpdir(), 'wcr-'));
  chmodSync(state, 0o755);
  const ports = await Promise.all(PORTS.map(async (name) => [`WCR_${name}_PORT`, String(await findFreePort())]));
  const env = { ...process.env, ...Object.fromEntries(ports), WCR_STATE_DIR: state };
  const command = async (name: string, ...args: string[]): Promise<string> =>
    (await run(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...args], { env })).stdout;
  const pids = (): Record<string, number> =>
    Object.fromEntries(
      readdirSync(join(state, 'run'))
        .filter((file) => file.endsWith('.pid.json'))
        .map((file) => [file.split('.')[0], (JSON.parse(readFileSync(join(state, 'run', file), 'utf8')) as { pid: number }).pid]),
    );
  return { state, command, pids };
}

describe('up and down', async () => {
  const { state, command, pids } = await isolatedStack();
  afterAll(async () => {
    await command('down');
    await rm(state, { recursive: true, force: true });
  });

  it('up starts an API that knows the key it has written', async () => {
    await command('up');
    const [url, key] = ['api-url', 'api-key'].map((file) => readFileSync(join(state, file), 'utf8'));
    const answer = await fetch(`${url}/api/v1/clones`, { headers: { Authorization: `Bearer ${key}` } });
    expect(await answer.json()).toMatchObject({ clones: [] });
    expect(['secrets', 'api-key'].map((file) => statSync(join(state, file)).mode & 0o777)).toEqual([0o600, 0o600]);
  });

  it('keys makes a key that the API knows, until it is revoked', async () => {
    const url = readFileSync(join(state, 'api-url'), 'utf8');
    const key = (await command('keys', 'create', '--name', 'ci', '--scope', 'clones:read')).trim();
    const statusOf = async () => (await fetch(`${url}/api/v1/clones`, { headers: { Authorization: `Bearer ${key}` } })).status;
    expect(await statusOf()).toBe(200);
    const listed = JSON.parse(await command('keys', 'list', '--json')) as { id: string; name: string }[];
    expect(listed.map(({ name }) => name)).toEqual(['stack', 'ci']);
    await command('keys', 'revoke', listed[1]?.id ?? '');
    expect(await statusOf()).toBe(401);
  });

  it('a second up leaves what runs as it is, and starts what died', async () => {
    const before = pids();
    process.kill(-(before['api'] ?? 0), 'SIGKILL');
    await command('up');
    const after = pids();
    expect(after['api']).not.toBe(before['api']);
    expect({ ...after, api: 0 }).toEqual({ ...before, api: 0 });
  });

  it('down leaves no process, and a second one is fine', async () => {
    const before = Object.values(pids());
    expect(before).toHaveLength(5);
    await command('down');
    expect(before.filter(isGroupAlive)).toEqual([]);
    expect(await command('down')).toBe('Nothing was running.\n');
    await expect(command('keys', 'list')).rejects.toThrow('The stack does not run. Start it: ./dev up');
  });
});

describe('demo --exit', async () => {
  const { state, command, pids } = await isolatedStack();
  afterAll(async () => {
    await command('down');
    await rm(state, { recursive: true, force: true });
  });

  it('clones the sample, names the clone and its login, and leaves nothing running', async () => {
    const output = await command('demo', '--exit');
    expect(output).toMatch(/address +http:\/\/127\.0\.0\.1:\d+\/clone-\d{8}-\d{6}-[a-z0-9]{4}/);
    expect(output).toMatch(/user +\S+\n +password +\S+\n +expires +\d{4}-/);
    expect(pids()).toEqual({});
  });
});
