import { isAppError } from '@wcr/shared/errors/app-error';
import type { Caller } from '../access/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { findJob } from '../queue/find-job.ts';
import { type JobView, readJob } from '../queue/read-job.ts';

/** A job, or undefined when it is gone. @throws AppError `queue.unavailable` */
export async function readJobIfKept(deps: ApiDeps, jobId: string, caller: Caller): Promise<JobView | undefined> {
  try {
    return await readJob(deps, await findJob(deps, jobId, caller));
  } catch (error) {
    if (isAppError(error) && error.code === 'job.not_found') return undefined;
    throw error;
  }
}
