import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { findFreePort, isGroupAlive, startProcess } from './process.ts';

const folder = mkdtempSync(join(tmpdir(), 'wcr-stack-'));
const logFile = join(folder, 'process.log');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const ready = async (): Promise<boolean> => true;

const LAST_ID = '/proc/sys/kernel/ns_last_pid';
const canChooseIds = process.getuid?.() === 0 && existsSync(LAST_ID);

/** A process in a group of its own with a certain id, which must be free. */
async function spawnWithId(pid: number) {
  for (;;) {
    writeFileSync(LAST_ID, String(pid - 1));
    const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    const exited = once(child, 'exit').then(([, signal]) => signal as NodeJS.Signals);
    const endedBy = (signal: NodeJS.Signals) => {
      child.kill(signal);
      return exited;
    };
    if (child.pid === pid) return { endedBy, [Symbol.asyncDispose]: async () => void (await endedBy('SIGKILL')) };
    await endedBy('SIGKILL');
  }
}

describe('a started process', () => {
  it('ends with its whole group when it is stopped, even members that ignore SIGTERM', async () => {
    const script = "trap '' TERM; sleep 1000 & sh -c \"trap '' TERM; sleep 1000\" & wait";
    const service = await startProcess({ command: 'sh', args: ['-c', script], logFile, isReady: ready, graceMs: 200 });
    await service.stop();
    expect(isGroupAlive(service.pid)).toBe(false);
    await service.stop();
  });

  it.skipIf(!canChooseIds)('that has ended leaves alone whoever has got its process id', async () => {
    const service = await startProcess({ command: 'sh', args: ['-c', 'sleep 0.2'], logFile, isReady: ready });
    await vi.waitUntil(() => !isGroupAlive(service.pid), { timeout: 20_000 });
    await using stranger = await spawnWithId(service.pid);
    service.kill('SIGKILL');
    await service.stop();
    // Whatever was sent has arrived when the process is asked to end and does so by that.
    expect(await stranger.endedBy('SIGTERM')).toBe('SIGTERM');
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
