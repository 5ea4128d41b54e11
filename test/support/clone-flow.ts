import { setTimeout as sleep } from 'node:timers/promises';
import type { JobFailure } from '@wcr/shared/contracts/jobs';
import type { TestStack } from './test-stack.ts';

export type JobView = {
  id: string;
  status: string;
  error?: JobFailure;
  result?: { warnings?: string[] };
  progress?: { step: string };
};
export type CloneView = { id: string; url: string; status: string; expiresAt: string; error?: { code: string } };
export type CloneLogin = { username: string; password: string; loginUrl: string };
/** Asking is work too, and tests wait most of their time. */
const ASK_MS = 250;

type Accepted = { clone: { id: string; url: string }; job: { id: string } };

/** Asks for a clone. @throws Error with the API's answer when it isn't taken on */
export async function requestClone(stack: TestStack, body: Record<string, unknown>): Promise<{ cloneId: string; jobId: string }> {
  const answer = await stack.call<Accepted>('POST', '/api/v1/clones', body);
  if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return { cloneId: answer.body.clone.id, jobId: answer.body.job.id };
}

/** The job once it has ended, one way or the other. */
export async function awaitJob(stack: TestStack, jobId: string): Promise<JobView> {
  return until(async () => {
    const { body } = await stack.call<JobView>('GET', `/api/v1/jobs/${jobId}`);
    return ['completed', 'failed', 'cancelled'].includes(body.status) ? body : undefined;
  });
}

/** Asks for a clone and waits until it is ready. @throws Error with the job's failure and log */
export async function makeClone(
  stack: TestStack,
  body: Record<string, unknown>,
): Promise<CloneView & { jobId: string; job: JobView }> {
  const { cloneId, jobId } = await requestClone(stack, body);
  const job = await awaitJob(stack, jobId);
  if (job.status !== 'completed') throw new Error(`${JSON.stringify(job.error)}\n${await readJobLog(stack, jobId)}`);
  return { ...(await readClone(stack, cloneId)), jobId, job };
}

export async function readClone(stack: TestStack, cloneId: string): Promise<CloneView> {
  return (await stack.call<CloneView>('GET', `/api/v1/clones/${cloneId}`)).body;
}

/** The login of the clone's own administrator. */
export async function readCredentials(stack: TestStack, cloneId: string): Promise<CloneLogin> {
  return (await stack.call<CloneLogin>('GET', `/api/v1/clones/${cloneId}/credentials`)).body;
}

/** Waits until a clone is gone. */
export async function awaitEnd(stack: TestStack, cloneId: string): Promise<void> {
  await until(async () => ((await readClone(stack, cloneId)).status === 'expired' ? true : undefined));
}

export async function readJobLog(stack: TestStack, jobId: string): Promise<string> {
  return JSON.stringify((await stack.call('GET', `/api/v1/jobs/${jobId}/logs`)).body);
}

/** Asks again and again until there is an answer; the test's own time limit ends it. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(ASK_MS);
  }
}
