import type { RestoreOptions, TargetChange } from '@wcr/shared/contracts/restore';
import { AppError } from '@wcr/shared/errors/app-error';

const MAX_TOLD = 200;
const MAX_NAMED = 5;

/** What happened on the target since the clone was made, as far as it is told. */
export type TargetChanges = {
  told: TargetChange[];
  total: number;
  /** How many would be lost and stop a restore that is not told to overwrite them. */
  blocking: number;
  /** Names of the first of those. */
  blockingNames: string[];
};

export function noChanges(): TargetChanges {
  return { told: [], total: 0, blocking: 0, blockingNames: [] };
}

/** Lost ones come first: they are what people must look at. */
export function noteChange(changes: TargetChanges, change: TargetChange, isLenient: boolean): void {
  changes.total += 1;
  if (change.lost && !isLenient) {
    changes.blocking += 1;
    if (changes.blockingNames.length < MAX_NAMED) changes.blockingNames.push(`${change.kind} ${change.what}`);
  }
  if (changes.told.length < MAX_TOLD) changes.told.push(change);
  else if (change.lost) {
    const spare = changes.told.findIndex(({ lost }) => !lost);
    if (spare >= 0) changes.told[spare] = change;
  }
}

export function mergeChanges(parts: readonly TargetChanges[]): TargetChanges {
  const told = parts.flatMap((part) => part.told).sort((a, b) => Number(b.lost) - Number(a.lost));
  return {
    told: told.slice(0, MAX_TOLD),
    total: parts.reduce((sum, part) => sum + part.total, 0),
    blocking: parts.reduce((sum, part) => sum + part.blocking, 0),
    blockingNames: parts.flatMap((part) => part.blockingNames).slice(0, MAX_NAMED),
  };
}

/** @throws AppError `restore.target_changed` when something of the target would be lost and nobody said that it may be */
export function refuseLosses(changes: TargetChanges, options: Pick<RestoreOptions, 'overwriteTargetChanges'>): void {
  if (changes.blocking === 0 || options.overwriteTargetChanges) return;
  const names = changes.blockingNames.join(', ');
  const what = changes.blocking > changes.blockingNames.length ? `${names}, …` : names;
  throw new AppError('restore.target_changed', { count: changes.blocking, what });
}
