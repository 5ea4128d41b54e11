import { JobFailure, JobProgress } from '@wcr/shared/contracts/jobs';
import { z } from 'zod';
import type { SampleSite } from '../sites/sample-site.ts';
import type { ApiClient, CloneView, Credentials } from './api-client.ts';
import { findCloneProblems } from './check-clone.ts';
import type { ServerEvent } from './read-events.ts';

const JobEnd = z.object({ status: z.string().optional(), error: JobFailure.optional() });

/**
 * Clones the sample through the API and looks at the clone.
 * @throws Error with the job's failure, or with what is wrong with the clone
 */
export async function cloneSample(options: {
  readonly api: ApiClient;
  readonly source: Pick<SampleSite, 'url' | 'admin'>;
  readonly onProgress: (progress: JobProgress) => void;
}): Promise<{ clone: CloneView; credentials: Credentials }> {
  const { api, source } = options;
  const { username, password } = source.admin;
  const body = { source: { url: source.url, username, password }, ttlMinutes: 60, name: 'The demo' };
  const { cloneId, jobId } = await api.createClone(body);
  for await (const event of api.followJob(jobId)) takeEvent(event, options.onProgress);
  const clone = await api.readClone(cloneId);
  const credentials = await api.readCredentials(cloneId);
  const problems = await findCloneProblems({ cloneUrl: clone.url, sourceUrl: source.url, credentials });
  if (problems.length > 0) throw new Error(`The clone ${clone.url} is not like its source:\n  ${problems.join('\n  ')}`);
  return { clone, credentials };
}

function takeEvent(event: ServerEvent, onProgress: (progress: JobProgress) => void): void {
  if (event.event === 'progress') onProgress(JobProgress.parse(JSON.parse(event.data)));
  if (event.event !== 'failed') return;
  const { error, status } = JobEnd.parse(JSON.parse(event.data));
  const where = error?.step ? ` in step ${error.step}` : '';
  throw new Error(
    error ? `The job failed${where}: ${error.code}: ${error.message} ${error.hint}` : `The job ended as ${status}.`,
  );
}
