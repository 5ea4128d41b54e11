import { JobProgress } from '@wcr/shared/contracts/jobs';
import { z } from 'zod';
import type { ApiClient } from '../demo/api-client.ts';
import type { SampleSite } from '../sites/sample-site.ts';

export type CloneTimes = { readonly totalMs: number; readonly steps: ReadonlyMap<string, number> };

const Failure = z.object({ error: z.object({ code: z.string(), message: z.string() }).optional() });
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
  for await (const event of api.followJob(jobId)) {
    if (event.event === 'log') noteStep(steps, event.data);
    if (event.event === 'failed') throw new Error(`${jobId} failed: ${describe(event.data)}`);
    if (event.event === 'progress') JobProgress.parse(JSON.parse(event.data));
  }
  return steps;
}

function noteStep(steps: Map<string, number>, line: string): void {
  const [, step, amount, unit] = STEP_LINE.exec(line) ?? [];
  if (step !== undefined) steps.set(step, Number(amount) * (unit === 's' ? 1000 : 1));
}

function describe(data: string): string {
  const { error } = Failure.parse(JSON.parse(data));
  return error ? `${error.code}: ${error.message}` : data;
}
