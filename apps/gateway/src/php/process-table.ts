import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type ProcessRow = { readonly pid: number; readonly group: number; readonly command: string };

/** The processes of this machine; from /proc where there is one, else from ps. */
export async function listProcesses(): Promise<ProcessRow[]> {
  const names = await readdir('/proc').catch(() => [] as string[]);
  const pids = names.filter((name) => /^\d+$/.test(name));
  if (pids.length === 0) return parsePs((await run('ps', ['-A', '-o', 'pid=,pgid=,command='])).stdout);
  const rows = await Promise.all(pids.map((pid) => readProcess(Number(pid))));
  return rows.filter((row) => row !== undefined);
}

/** The members of a process group that are PHP's; a number that something else uses by now is nobody of ours. */
export async function listPhpOfGroup(group: number): Promise<number[]> {
  const rows = await listProcesses();
  return rows.filter((row) => row.group === group && /php-?fpm/.test(row.command)).map((row) => row.pid);
}

async function readProcess(pid: number): Promise<ProcessRow | undefined> {
  try {
    const [stat, command] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile(`/proc/${pid}/cmdline`, 'utf8')]);
    // The name in parentheses may contain spaces and parentheses itself.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : { pid, group: Number(group), command: command.replaceAll('\0', ' ') };
  } catch {
    return undefined;
  }
}

function parsePs(text: string): ProcessRow[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, group, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid && group && command ? [{ pid: Number(pid), group: Number(group), command }] : [];
  });
}
