import { readFileSync, writeFileSync } from 'node:fs';

/** Forgets a process's peak memory, so that the next reading tells of what came after. Linux only. */
export function resetPeakMemory(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Most memory a process has had since the reset, in bytes. */
export function peakMemory(pid: number): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (line === null) throw new Error(`process ${pid} tells no peak memory`);
  return Number(line[1]) * 1024;
}
