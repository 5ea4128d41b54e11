import { readdir, readFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { localClonePaths } from '@wcr/shared/contracts/local-clone';
import { CloneId } from '@wcr/shared/domain/clone-id';
import { listPhpOfGroup } from './process-table.ts';

const GRACE_MS = 5_000;
const FIRST_LOOK_MS = 5;

/**
 * Ends a process group of PHP: first asked, then forced. Only members that are PHP are touched, so a recycled number
 * harms nobody. Returns when none is left.
 */
export async function stopPhpGroup(group: number, graceMs: number = GRACE_MS): Promise<void> {
  const deadline = Date.now() + graceMs;
  let waitMs = FIRST_LOOK_MS;
  let signal: NodeJS.Signals = 'SIGTERM';
  for (;;) {
    const members = await listPhpOfGroup(group);
    if (members.length === 0) return;
    if (Date.now() > deadline) signal = 'SIGKILL';
    for (const pid of members) kill(pid, signal);
    await delay(waitMs);
    waitMs = Math.min(waitMs * 2, 200);
  }
}

/** Ends what a gateway that was killed has left behind, by the process ids it wrote into the clones' folders. */
export async function stopStalePhp(localDir: string): Promise<number> {
  const names = await readdir(localDir);
  const stopped = await Promise.all(names.filter((name) => CloneId.safeParse(name).success).map((id) => stopStale(localDir, id)));
  return stopped.filter(Boolean).length;
}

async function stopStale(localDir: string, cloneId: string): Promise<boolean> {
  const { phpPid } = localClonePaths(localDir, cloneId);
  const text = await readFile(phpPid, 'utf8').catch(() => '');
  const group = Number.parseInt(text, 10);
  if (!(group > 1)) return false;
  const wasThere = (await listPhpOfGroup(group)).length > 0;
  await stopPhpGroup(group);
  await rm(phpPid, { force: true });
  return wasThere;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself meanwhile.
  }
}
