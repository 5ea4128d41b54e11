import { setTimeout as delay } from 'node:timers/promises';

/** An `httpGet` probe of a container. */
export type HttpGetProbe = {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly periodMs?: number;
  /** How long one try may take. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
};

/** One try: true for 200 to 399, as a kubelet counts. */
export async function probeHttpGet(probe: HttpGetProbe): Promise<boolean> {
  const limit = AbortSignal.timeout(probe.timeoutMs ?? 1_000);
  const signal = probe.signal ? AbortSignal.any([limit, probe.signal]) : limit;
  try {
    const answer = await fetch(probe.url, { headers: probe.headers ?? {}, redirect: 'manual', signal });
    await answer.body?.cancel();
    return answer.status >= 200 && answer.status < 400;
  } catch {
    return false;
  }
}

/** Tries until it succeeds. @throws the reason of `signal` when that comes first */
export async function awaitHttpGet(probe: HttpGetProbe): Promise<void> {
  while (!(await probeHttpGet(probe))) {
    probe.signal?.throwIfAborted();
    await delay(probe.periodMs ?? 50, undefined, { signal: probe.signal });
  }
}
