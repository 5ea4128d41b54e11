import { setTimeout as sleep } from 'node:timers/promises';

const LIMIT_MS = 60_000;

/** Asks again and again until the answer is not undefined, null or false. @throws Error after a minute */
export async function waitUntil<T>(ask: () => Promise<T> | T, what = 'it'): Promise<NonNullable<T>> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false) return answer as NonNullable<T>;
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${LIMIT_MS} ms`);
    await sleep(20);
  }
}
