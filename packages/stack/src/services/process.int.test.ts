import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { findFreePort, isGroupAlive, startProcess } from './process.ts';

const folder = mkdtempSync(join(tmpdir(), 'wcr-stack-'));
const logFile = join(folder, 'process.log');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const ready = async (): Promise<boolean> => true;

describe('a started process', () => {
  it('ends with its whole group when it is stopped, even members that ignore SIGTERM', async () => {
    const script = "trap '' TERM; sleep 1000 & sh -c \"trap '' TERM; sleep 1000\" & wait";
    const service = await startProcess({ command: 'sh', args: ['-c', script], logFile, isReady: ready, graceMs: 200 });
    await service.stop();
    expect(isGroupAlive(service.pid)).toBe(false);
    await service.stop();
  });

  it('is reported with its log when it ends at once', async () => {
    const args = ['-c', 'echo the reason; exit 3'];
    await expect(startProcess({ command: 'sh', args, logFile, isReady: async () => false })).rejects.toThrow(/3.*the reason/s);
  });

  it('is reported when there is no such program', async () => {
    const start = startProcess({ command: 'no-such-program', args: [], logFile, isReady: ready });
    await expect(start).rejects.toThrow(/no-such-program/);
  });

  it('dies with a parent that is killed', async () => {
    const module = JSON.stringify(join(import.meta.dirname, 'process.ts'));
    const options = { command: 'sh', args: ['-c', 'sleep 1000 & sleep 1000'], logFile };
    const code = `
      import { startProcess } from ${module};
      const service = await startProcess({ ...${JSON.stringify(options)}, isReady: async () => true });
      console.log(service.pid);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
    const pid = Number(line);
    expect(isGroupAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(isGroupAlive(pid)).toBe(false), { timeout: 10_000 });
  });
});

it('a port that is taken is not offered', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  expect(await findFreePort(port)).not.toBe(port);
  taken.close();
  await once(taken, 'close');
  expect(await findFreePort(port)).toBe(port);
});
