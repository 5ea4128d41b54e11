import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readStat, signalGroup } from '../services/process.ts';
import { runCommand } from '../services/run.ts';

const ProcessRecord = z.object({
  pid: z.number().int().positive(),
  /** When the process began, as the system tells it: a number used again by another process does not fool us. */
  began: z.string(),
  fingerprint: z.string(),
  info: z.unknown(),
});
type ProcessRecord = z.infer<typeof ProcessRecord>;

export type Wanted<T extends { readonly pid: number }> = {
  readonly dir: string;
  readonly name: string;
  /** What the process depends on; when that changes, a running one is replaced. */
  readonly settings: unknown;
  readonly start: () => Promise<T>;
};

/**
 * Makes sure that a process runs with these settings.
 * @returns what `start` returned, now or in an earlier run (then without its methods)
 */
export async function ensureProcess<T extends { readonly pid: number }>(wanted: Wanted<T>): Promise<T> {
  const fingerprint = createHash('sha256').update(JSON.stringify(wanted.settings)).digest('hex');
  const record = readRecord(wanted.dir, wanted.name);
  if (record && (await isRunning(record))) {
    if (record.fingerprint === fingerprint) return record.info as T;
    await stopProcess(wanted.dir, wanted.name);
  }
  const started = await wanted.start();
  const began = (await beginOf(started.pid)) ?? '';
  mkdirSync(wanted.dir, { recursive: true });
  const text = JSON.stringify({ pid: started.pid, began, fingerprint, info: started } satisfies ProcessRecord);
  writeFileSync(recordFile(wanted.dir, wanted.name), text, { mode: 0o600 });
  return started;
}

/**
 * Stops a process of an earlier run and everything in its group.
 * @returns false when it did not run
 */
export async function stopProcess(dir: string, name: string, graceMs = 30_000): Promise<boolean> {
  const record = readRecord(dir, name);
  const running = record !== undefined && (await isRunning(record));
  if (running) {
    signalGroup(record.pid, 'SIGTERM');
    const deadline = Date.now() + graceMs;
    while (Date.now() < deadline && (await isRunning(record))) await sleep(50);
    signalGroup(record.pid, 'SIGKILL');
    while (await isRunning(record)) await sleep(20);
  }
  rmSync(recordFile(dir, name), { force: true });
  return running;
}

/** Names of the recorded processes that run. */
export async function runningProcesses(dir: string): Promise<string[]> {
  const names = recordedProcesses(dir);
  const records = names.map((name) => readRecord(dir, name));
  const running = await Promise.all(records.map((record) => record !== undefined && isRunning(record)));
  return names.filter((_name, index) => running[index]);
}

/** Names of all processes that were recorded, running or not. */
export function recordedProcesses(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((file) => file.endsWith('.pid.json'))
    .map((file) => file.slice(0, -'.pid.json'.length));
}

function recordFile(dir: string, name: string): string {
  return join(dir, `${name}.pid.json`);
}

function readRecord(dir: string, name: string): ProcessRecord | undefined {
  try {
    return ProcessRecord.parse(JSON.parse(readFileSync(recordFile(dir, name), 'utf8')));
  } catch {
    return undefined;
  }
}

async function isRunning(record: ProcessRecord): Promise<boolean> {
  return (await beginOf(record.pid)) === record.began;
}

/** A mark that differs for each process that ever has this number; undefined for none, also for one that only awaits burial. */
async function beginOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    const text = await runCommand('ps', ['-o', 'state=,lstart=', '-p', String(pid)]).catch(() => '');
    return text.trim() === '' || text.trim().startsWith('Z') ? undefined : text.trim().replace(/^\S+\s+/, '');
  }
  // The start time is the 22nd field of the file, the 20th from the state on.
  const fields = readStat(pid);
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
