import { setTimeout as sleep } from 'node:timers/promises';

const FAILURES = 5;

/**
 * Runs `work` while a program answers at `healthUrl`.
 * @throws Error when the program has ended: work that waits for it would wait for ever
 */
export async function whileHealthy<T>(
  watched: { readonly name: string; readonly healthUrl: string; readonly everyMs?: number },
  work: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([work(), failWhenGone({ everyMs: 2_000, ...watched }, over.signal)]);
  } finally {
    over.abort();
  }
}

type Watched = { readonly name: string; readonly healthUrl: string; readonly everyMs: number };

async function failWhenGone({ name, healthUrl, everyMs }: Watched, signal: AbortSignal): Promise<never> {
  let failures = 0;
  while (failures < FAILURES) {
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    // The work is over; nobody waits for this promise any more.
    if (signal.aborted) return await new Promise<never>(() => undefined);
    failures = (await answers(healthUrl)) ? 0 : failures + 1;
  }
  throw new Error(`The ${name} has ended or does not answer any more.`);
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).text();
    return true;
  } catch {
    return false;
  }
}
