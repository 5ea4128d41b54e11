import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import { pathForPeople } from '../../../agent/index-codec.ts';
import { hasCode } from '../write-file.ts';

/** Names for what goes wrong with files: the ones the agent has. */
export function nameDiskError(error: unknown, path: string): unknown {
  if (isAppError(error)) return error;
  const people = pathForPeople(path);
  if (hasCode(error, 'ENOSPC', 'EDQUOT', 'EFBIG')) {
    return new AppError('target.disk_full', { reason: `${people} could not be written whole` }, { cause: error });
  }
  // Of the worker, not of the clone's folder: another attempt may have more luck.
  if (hasCode(error, 'EMFILE', 'ENFILE', 'ENOMEM')) {
    return new AppError('runtime.failed', { reason: `no file can be opened (${codeOf(error)})` }, { cause: error });
  }
  return new AppError('target.not_writable', { path: people, reason: codeOf(error) }, { cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
