import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Chromium processes that this one started, by their parents. */
export async function ownBrowsers(): Promise<string[]> {
  const { stdout } = await run('ps', ['-eo', 'pid=,ppid=,comm=']);
  const all = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const own = new Set([String(process.pid)]);
  for (let size = 0; size !== own.size; ) {
    size = own.size;
    for (const [pid = '', parent = ''] of all) if (own.has(parent)) own.add(pid);
  }
  return all.filter(([pid = '', , command = '']) => own.has(pid) && command.startsWith('chrom')).map(([pid = '']) => pid);
}
