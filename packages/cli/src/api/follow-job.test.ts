import { afterEach, expect, it } from 'vitest';
import { events, JOB, progress, type Replies, refusal, type StubApi, startStubApi } from '../testing/stub-api.ts';
import { createApiClient } from './api-client.ts';

const ENDED = { ...JOB, status: 'completed' };
const STREAM = 'GET /api/v1/jobs/clone-1/events';
const times = { reconnect: 1, poll: 1, patience: 5_000, silence: 60_000 };

let api: StubApi;
afterEach(() => api[Symbol.asyncDispose]());

/** What a follower of the job hears, in short. */
async function follow(replies: Replies, patch: Partial<typeof times> = {}): Promise<string[]> {
  api = await startStubApi(replies);
  const heard: string[] = [];
  const client = createApiClient({ apiUrl: api.url, apiKey: 'key' });
  for await (const news of client.followJob('clone-1', { times: { ...times, ...patch } })) {
    if (news.kind === 'log') heard.push(news.line);
    if (news.kind === 'progress') heard.push(`step ${news.progress.stepNumber}`);
    if (news.kind === 'end') heard.push(news.job.status);
  }
  return heard;
}

const log = (line: string, id: string) => ({ event: 'log', data: { line }, id });
const page = (lines: string[]) => [200, { lines, total: lines.length, nextOffset: null }] as const;

it('a stream that breaks off goes on after its last event', async () => {
  const heard = await follow({
    [STREAM]: [
      events({ event: 'state', data: { ...JOB, progress: progress(1) } }, log('one', '1-aa')),
      events(log('two', '2-bb'), { event: 'completed', data: ENDED, id: 'end' }),
    ],
  });
  expect(heard).toEqual(['step 1', 'one', 'two', 'completed']);
  expect(api.seen.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1-aa']);
});

it('where there can be no stream the job is asked for, and nothing is told twice', async () => {
  const heard = await follow({
    [STREAM]: [events(log('one', '1-aa')), refusal(429, 'events.too_many')],
    'GET /api/v1/jobs/clone-1': [
      [200, { ...JOB, progress: progress(2) }],
      [200, { ...JOB, progress: progress(2) }],
      [200, ENDED],
    ],
    'GET /api/v1/jobs/clone-1/logs': [page(['two']), page([])],
  });
  expect(heard).toEqual(['one', 'two', 'step 2', 'completed']);
  expect(api.seen.filter(({ path }) => path.includes('/logs')).map(({ path }) => path.split('offset=')[1])).toEqual([
    '1',
    '2',
    '2',
  ]);
});

it('streams that stay silent are given up', async () => {
  const silent = (response: import('node:http').ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': held back\n\n');
  };
  const replies = {
    [STREAM]: silent,
    'GET /api/v1/jobs/clone-1': [200, ENDED],
    'GET /api/v1/jobs/clone-1/logs': page([]),
  } as const;
  expect(await follow(replies, { silence: 20 })).toEqual(['completed']);
});

it('a service that is restarted meanwhile is waited for, one that refuses is not', async () => {
  const away = refusal(503, 'queue.unavailable');
  const replies = {
    [STREAM]: away,
    'GET /api/v1/jobs/clone-1': [away, away, [200, ENDED]],
    'GET /api/v1/jobs/clone-1/logs': page([]),
  } as const;
  expect(await follow(replies)).toEqual(['completed']);
  await api[Symbol.asyncDispose]();
  await expect(follow({ [STREAM]: refusal(401, 'auth.invalid') })).rejects.toMatchObject({ status: 401 });
});

it('a job that is gone ends it', async () => {
  const error = { code: 'job.not_found', message: 'There is none.', hint: 'It was removed.' };
  const gone = events({ event: 'failed', data: { id: 'clone-1', error }, id: 'end' });
  await expect(follow({ [STREAM]: gone })).rejects.toMatchObject({ envelope: { error: { code: 'job.not_found' } } });
});
