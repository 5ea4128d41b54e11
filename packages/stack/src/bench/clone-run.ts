import type { JobView } from '@wcr/cli/api/answers';
import type { ApiClient } from '@wcr/cli/api/api-client';
import type { SampleSite } from '../sites/sample-site.ts';

export type CloneTimes = { readonly totalMs: number; readonly steps: ReadonlyMap<string, number> };

const STEP_LINE = /\[([a-z-]+)\] finished in ([\d.]+) (ms|s)\b/;

/** Clones a site through the API, deletes the clone again, and tells how long the cloning took, step by step. */
export async function runClone(api: ApiClient, site: Pick<SampleSite, 'url' | 'admin'>): Promise<CloneTimes> {
  const { cloneId, ...times } = await cloneSite(api, site);
  await api.deleteClone(cloneId);
  return times;
}

/** The same; the clone stays. */
export async function cloneSite(
  api: ApiClient,
  site: Pick<SampleSite, 'url' | 'admin'>,
): Promise<CloneTimes & { readonly cloneId: string }> {
  const { username, password } = site.admin;
  const begin = performance.now();
  const { cloneId, jobId } = await api.createClone({
    source: { url: site.url, username, password },
    ttlMinutes: 30,
    name: 'bench',
  });
  const steps = await awaitJob(api, jobId);
  return { cloneId, totalMs: performance.now() - begin, steps };
}

/** Follows a job to its end. @returns how long each step took. @throws Error with its failure */
export async function awaitJob(api: ApiClient, jobId: string): Promise<Map<string, number>> {
  const steps = new Map<string, number>();
  for await (const news of api.followJob(jobId)) {
    if (news.kind === 'log') noteStep(steps, news.line);
    if (news.kind === 'end' && news.job.status !== 'completed') throw new Error(`${jobId} failed: ${describe(news.job)}`);
  }
  return steps;
}

function noteStep(steps: Map<string, number>, line: string): void {
  const [, step, amount, unit] = STEP_LINE.exec(line) ?? [];
  if (step !== undefined) steps.set(step, Number(amount) * (unit === 's' ? 1000 : 1));
}

function describe({ status, error }: JobView): string {
  return error ? `${error.code}: ${error.message}` : status;
}
