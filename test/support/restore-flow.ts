import { join } from 'node:path';
import type { JobFailure } from '@wcr/shared/contracts/jobs';
import type { RestoreReport } from '@wcr/shared/contracts/restore';
import { awaitJob, type CloneView, type JobView, makeClone, readJobLog } from './clone-flow.ts';
import { installPluginByHand, type Source, startSource } from './sample-sources.ts';
import { findStaged, type SiteSnapshot, takeSnapshot } from './site-snapshot.ts';
import type { TestStack } from './test-stack.ts';

export type RestoreView = {
  id: string;
  status: string;
  report?: RestoreReport;
  error?: { code: string; message: string };
  restorePointUntil: string | null;
};
type Accepted = { restore: { id: string }; job: { id: string } };

const TINY = { mediaCount: 1, shopRows: 20, uploadMb: 0 };

export type LiveSite = Source & {
  /** What opens it without a browser. */
  readonly access: { readonly url: string; readonly pairingKey: string };
};

/** A live site of a sample, on which our plugin was installed by hand. */
export async function startLiveSite(
  stack: TestStack,
  name: string,
  variation: Parameters<typeof startSource>[2] = {},
): Promise<LiveSite> {
  const source = await startSource(stack, name, { ...TINY, ...variation });
  const access = { url: source.url, pairingKey: await installPluginByHand(stack, source) };
  // The first visitor has WordPress write some options.
  await (await fetch(source.url)).text();
  return { ...source, access };
}

export type EditedClone = CloneView & { /** Its root folder. */ readonly dir: string };

/** A clone of a live site, with the folder in which it can be edited. */
export async function cloneOf(stack: TestStack, live: LiveSite): Promise<EditedClone> {
  const clone = await makeClone(stack, { source: live.access });
  return { ...clone, dir: join(stack.localDir, clone.id, 'site') };
}

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

/** Restores. @throws Error with the job's failure and log when it doesn't work */
export async function restoreInto(
  stack: TestStack,
  body: Record<string, unknown>,
): Promise<RestoreView & { report: RestoreReport }> {
  const { job, restore } = await runRestore(stack, body);
  const { report } = restore;
  if (job.status !== 'completed' || report === undefined)
    throw new Error(`${JSON.stringify(job.error)}\n${await readJobLog(stack, job.id)}`);
  return { ...restore, report };
}

/** Asks for a restore that must fail, and checks what holds for every failure: the target is as before, and nothing is left on it. */
export async function refusedRestore(
  stack: TestStack,
  live: LiveSite,
  body: Record<string, unknown>,
  before?: SiteSnapshot,
): Promise<{ error: JobFailure; restore: RestoreView; before: SiteSnapshot; after: SiteSnapshot; staged: string[] }> {
  const then = before ?? (await takeSnapshot(stack, live));
  const { job, restore } = await runRestore(stack, body);
  if (job.error === undefined) throw new Error(`the restore was ${job.status}: ${await readJobLog(stack, job.id)}`);
  return {
    ...{ error: job.error, restore, before: then, after: await takeSnapshot(stack, live) },
    staged: await findStaged(stack, live),
  };
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
