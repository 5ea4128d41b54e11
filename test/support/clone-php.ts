import { readFileSync } from 'node:fs';
import { LocalOwnerFile, localClonePaths } from '@wcr/shared/contracts/local-clone';
import { readStat } from '@wcr/stack/services/process';
import type { CloneHandle } from '@wcr/worker/drivers/runtime/runtime.types';
import type { LocalGateway } from './local-gateway.ts';

/** An index.php from which `masterOf` learns who serves it. */
export const TELL_MASTER = '<?php echo posix_getppid();';

/** Process id of the php-fpm master that serves a clone whose index.php is `TELL_MASTER`. */
export const masterOf = async (on: CloneHandle): Promise<number> => Number(await (await fetch(`${on.url}/`)).text());

/** False also for a process that only awaits burial. */
export function isAlive(pid: number): boolean {
  const [state] = readStat(pid);
  return state !== undefined && state !== 'Z';
}

/** The user a clone runs as, where the gateway is root. */
export function ownerOf(of: LocalGateway, on: CloneHandle): LocalOwnerFile {
  return LocalOwnerFile.parse(JSON.parse(readFileSync(localClonePaths(of.localDir, on.record.id).owner, 'utf8')));
}

/** The beginning of a command line that runs as a clone's user. */
export function asOwnerOf(of: LocalGateway, on: CloneHandle): string[] {
  const { uid, gid } = ownerOf(of, on);
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
}
