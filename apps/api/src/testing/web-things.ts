import { redisKeys } from '@wcr/shared/contracts/queues';
import { cloneCalls, PASSWORD } from './clone-calls.ts';
import { restoreCalls } from './restore-calls.ts';
import type { TestApi } from './start-api.ts';

/** The login of a clone. */
export const LOGIN = { username: 'clone-admin', password: 'clone-pass-4711', loginUrl: 'http://clones.example/wp-login.php' };
/** What is typed into the form for a new clone. */
export const NEW_CLONE = { 'source.url': 'https://shop.example', 'source.username': 'admin', 'source.password': PASSWORD };

/** What Alice has: a ready clone with a login, the preview of a restore, a restore that can be rolled back, a clone being made. */
export async function giveAlice(api: TestApi): Promise<{ ready: string; preview: string; restore: string; job: string }> {
  const clones = cloneCalls(() => api);
  const restores = restoreCalls(() => api);
  const ready = await restores.readyClone();
  await api.deps.redis.set(redisKeys.credentials(ready), api.deps.sealer.seal(LOGIN, `credentials:${ready}`));
  const { restore: preview } = await restores.accept({ cloneId: ready, dryRun: true });
  await restores.complete(preview.id, { dryRun: true, restorePointUntil: null });
  const { restore } = await restores.accept({ cloneId: ready });
  await restores.complete(restore.id);
  const { job } = await clones.accept();
  return { ready, preview: preview.id, restore: restore.id, job: job.id };
}

/** Where an answer sends the browser. */
export const placeOf = (answer: Response): string => answer.headers.get('location') ?? '';

export async function textOf(answer: Promise<Response>): Promise<string> {
  return (await answer).text();
}
