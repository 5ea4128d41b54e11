import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isGroupAlive, signalGroup, startProcess } from '../services/process.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { ensureProcess, recordedProcesses, runningProcesses, stopProcess } from './process-records.ts';

const inFolder = () => {
  const dir = temporaryFolder();
  const ensure = (settings: unknown) =>
    ensureProcess({
      ...{ dir, name: 'sleeper', settings },
      start: () =>
        startProcess({ command: 'sleep', args: ['1000'], logFile: join(dir, 'log'), isReady: async () => true, outlives: true }),
    });
  return { dir, ensure };
};

it('a process that runs is found again, and replaced when its settings change', async () => {
  const { dir, ensure } = inFolder();
  const first = await ensure({ port: 1 });
  expect((await ensure({ port: 1 })).pid).toBe(first.pid);
  const second = await ensure({ port: 2 });
  expect(second.pid).not.toBe(first.pid);
  expect(isGroupAlive(first.pid)).toBe(false);
  expect(await runningProcesses(dir)).toEqual(['sleeper']);
  expect(await stopProcess(dir, 'sleeper')).toBe(true);
  expect(isGroupAlive(second.pid)).toBe(false);
  expect(recordedProcesses(dir)).toEqual([]);
});

it('a process that died is started again, and stopping it twice is fine', async () => {
  const { dir, ensure } = inFolder();
  const first = await ensure({});
  await stopProcess(dir, 'sleeper');
  expect(await stopProcess(dir, 'sleeper')).toBe(false);
  const second = await ensure({});
  expect(second.pid).not.toBe(first.pid);
  await stopProcess(dir, 'sleeper');
});

it('a stranger that got the number of a dead process is left alone', async () => {
  const { dir, ensure } = inFolder();
  const { pid } = await ensure({});
  const file = join(dir, 'sleeper.pid.json');
  const record = JSON.parse(readFileSync(file, 'utf8')) as { began: string };
  writeFileSync(file, JSON.stringify({ ...record, began: `${record.began}0` }));
  expect(await stopProcess(dir, 'sleeper')).toBe(false);
  expect(isGroupAlive(pid)).toBe(true);
  signalGroup(pid, 'SIGKILL');
});
