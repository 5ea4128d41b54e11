import type { RestoreReport } from '@wcr/shared/contracts/restore';
import { awaitJob, type JobView } from './clone-flow.ts';
import type { TestStack } from './test-stack.ts';

export type RestoreView = {
  id: string;
  status: string;
  report?: RestoreReport;
  error?: { code: string; message: string };
  restorePointUntil: string | null;
};
type Accepted = { restore: { id: string }; job: { id: string } };

/** Asks for a restore. @throws Error with the API's answer when it isn't taken on */
export async function requestRestore(stack: TestStack, body: Record<string, unknown>): Promise<string> {
  const answer = await stack.call<Accepted>('POST', '/api/v1/restores', body);
  if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.restore.id;
}

/** A restore and its job once that has ended, one way or the other. */
export async function runRestore(
  stack: TestStack,
  body: Record<string, unknown>,
): Promise<{ job: JobView; restore: RestoreView }> {
  const id = await requestRestore(stack, body);
  const job = await awaitJob(stack, id);
  return { job, restore: await readRestore(stack, id) };
}

export async function readRestore(stack: TestStack, id: string): Promise<RestoreView> {
  return (await stack.call<RestoreView>('GET', `/api/v1/restores/${id}`)).body;
}

/** Asks for a rollback. @returns its job. @throws Error with the API's answer when it isn't taken on */
export async function requestRollback(stack: TestStack, id: string): Promise<string> {
  const answer = await stack.call<Accepted>('POST', `/api/v1/restores/${id}/rollback`);
  if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.job.id;
}

/** Rolls a restore back and waits for the end of it. */
export async function rollBack(stack: TestStack, id: string): Promise<{ job: JobView; restore: RestoreView }> {
  const job = await awaitJob(stack, await requestRollback(stack, id));
  return { job, restore: await readRestore(stack, id) };
}

/** The lines of a job's log. */
export async function logOf(stack: TestStack, jobId: string): Promise<string> {
  const { body } = await stack.call<unknown>('GET', `/api/v1/jobs/${jobId}/logs`);
  return JSON.stringify(body);
}
