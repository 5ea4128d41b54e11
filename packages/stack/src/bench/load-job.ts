/** What a clone is asked for with in the load bench, and what the API puts into the queue for it. */
const SOURCE = { url: 'https://shop.example', username: 'admin', password: 'correct horse' };
export const LOAD_BODY = JSON.stringify({ source: SOURCE });
export const LOAD_PAYLOAD = {
  cloneId: 'clone-20300101-000000-abcd',
  source: { url: SOURCE.url },
  secretRef: 'source:clone-20300101-000000-abcd',
  owner: 'load-1',
  ttlMinutes: 60,
  requestedAt: 1_893_456_000_000,
  requestId: '9e2573e3-81d6-4aa8-b527-d47bc7822436',
};
export const LOAD_JOB_OPTIONS = { attempts: 4, backoff: { type: 'exponential', delay: 5_000, jitter: 0.5 }, keepLogs: 1_000 };
