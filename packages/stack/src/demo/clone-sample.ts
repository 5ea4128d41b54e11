import type { CloneView, Credentials } from '@wcr/cli/api/answers';
import type { ApiClient } from '@wcr/cli/api/api-client';
import type { JobNews } from '@wcr/cli/api/follow-job';
import type { JobProgress } from '@wcr/shared/contracts/jobs';
import type { SampleSite } from '../sites/sample-site.ts';
import { findCloneProblems } from './check-clone.ts';

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
  for await (const news of api.followJob(jobId)) takeNews(news, options.onProgress);
  const clone = await api.readClone(cloneId);
  const credentials = await api.readCredentials(cloneId);
  const problems = await findCloneProblems({ cloneUrl: clone.url, sourceUrl: source.url, credentials });
  if (problems.length > 0) throw new Error(`The clone ${clone.url} is not like its source:\n  ${problems.join('\n  ')}`);
  return { clone, credentials };
}

function takeNews(news: JobNews, onProgress: (progress: JobProgress) => void): void {
  if (news.kind === 'progress') onProgress(news.progress);
  if (news.kind !== 'end' || news.job.status === 'completed') return;
  const { error, status } = news.job;
  const where = error?.step ? ` in step ${error.step}` : '';
  throw new Error(
    error ? `The job failed${where}: ${error.code}: ${error.message} ${error.hint}` : `The job ended as ${status}.`,
  );
}
