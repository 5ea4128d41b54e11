/** How far a key has used up one of its limits. */
export type Quota = {
  readonly name: 'requests' | 'enqueues';
  readonly limit: number;
  readonly windowSeconds: number;
  readonly left: number;
  /** Until all of it can be used again. */
  readonly fullInMs: number;
  /** Until the next request passes; 0 when this one did. */
  readonly waitMs: number;
};

const WINDOWS = [
  { name: 'requests', windowSeconds: 60 },
  { name: 'enqueues', windowSeconds: 3_600 },
] as const;
const FIGURES = 4;

/** The limits that count for a request, from the figures of the admission script: four for each limit. */
export function readQuotas(figures: readonly number[]): Quota[] {
  return WINDOWS.map((window, index) => {
    const [limit = 0, left = 0, fullInMs = 0, waitMs = 0] = figures.slice(index * FIGURES, (index + 1) * FIGURES);
    return { ...window, limit, left, fullInMs, waitMs };
  }).filter(({ limit }) => limit > 0);
}

/** `RateLimit-Policy` and `RateLimit` as in the IETF draft "RateLimit header fields for HTTP"; none without limits. */
export function rateLimitHeaders(quotas: readonly Quota[]): [name: string, value: string][] {
  if (quotas.length === 0) return [];
  const policy = quotas.map(({ name, limit, windowSeconds }) => `"${name}";q=${limit};w=${windowSeconds}`);
  const state = quotas.map(({ name, left, fullInMs }) => `"${name}";r=${left};t=${Math.ceil(fullInMs / 1000)}`);
  return [
    ['RateLimit-Policy', policy.join(', ')],
    ['RateLimit', state.join(', ')],
  ];
}
