import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type JobStages, stageJobs } from '../testing/job-stages.ts';
import { startTestApi, type TestApi } from '../testing/start-api.ts';

let api: TestApi;
let stages: JobStages;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  await api.deps.redis.flushall();
  stages = stageJobs('clone', api.redis.url);
});
afterEach(() => stages[Symbol.asyncDispose]());

type Event = { event: string; id: string; data: { status?: string; line?: string; step?: string; error?: { code: string } } };

async function newJob(): Promise<string> {
  const response = await api.call('POST', '/api/v1/clones', { body: { source: { url: 'https://shop.example' } } });
  return ((await response.json()) as { job: { id: string } }).job.id;
}

/** Opens a stream; `next` reads one event, `rest` all until the server ends it. */
async function follow(jobId: string, lastEventId?: string) {
  const leave = new AbortController();
  const response = await api.call('GET', `/api/v1/jobs/${jobId}/events`, {
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
    signal: leave.signal,
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const events = parse(response.body as ReadableStream<Uint8Array>);
  return {
    next: async () => (await events.next()).value as Event,
    async rest() {
      const rest: Event[] = [];
      for await (const event of events) rest.push(event);
      return rest;
    },
    leave: () => events.return(undefined),
  };
}

async function* parse(body: ReadableStream<Uint8Array>): AsyncGenerator<Event> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of body) {
    text += decoder.decode(bytes, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
      if (!block.startsWith(':')) yield { event: field('event'), id: field('id'), data: JSON.parse(field('data')) };
    }
  }
}

const progress = (done: number) => ({ step: 'copy-rows', stepNumber: 4, stepCount: 9, done, at: done });

it('tells the present state, then what happens, then the end', async () => {
  const id = await newJob();
  const stream = await follow(id);
  expect(await stream.next()).toMatchObject({ event: 'state', data: { id, status: 'waiting' } });
  const { job, complete } = await stages.take();
  await job.log('reading facts');
  await job.updateProgress(progress(1));
  expect(await stream.next()).toMatchObject({ event: 'log', data: { line: 'reading facts' } });
  expect(await stream.next()).toMatchObject({ event: 'progress', data: progress(1) });
  await job.log('the last line');
  await complete({ tables: 3 });
  const rest = await stream.rest();
  expect(rest.map(({ event }) => event)).toEqual(['log', 'completed']);
  expect(rest.at(-1)?.data).toMatchObject({ id, status: 'completed', result: { tables: 3 } });
  expect(api.deps.watcher.size).toBe(0);
});

it('ends at once for a job that has ended', async () => {
  const id = await newJob();
  await (await stages.take()).fail('source.unreachable', { reason: 'x' });
  const events = await (await follow(id)).rest();
  expect(events.map(({ event }) => event)).toEqual(['state', 'failed']);
  expect(events[1]?.data).toMatchObject({ status: 'failed', error: { code: 'source.unreachable' } });
});

it('tells a reader that comes back only the lines it has not seen, and after the end nothing', async () => {
  const id = await newJob();
  const { job, complete } = await stages.take();
  for (let index = 0; index < 4; index++) await job.log(`line ${index}`);
  const stream = await follow(id);
  await stream.next();
  await stream.next();
  const second = await stream.next();
  expect(second.data.line).toBe('line 1');
  await stream.leave();
  await complete({});
  const events = await (await follow(id, second.id)).rest();
  expect(events.map(({ event, data }) => data.line ?? event)).toEqual(['state', 'line 2', 'line 3', 'completed']);
  const after = await api.call('GET', `/api/v1/jobs/${id}/events`, { headers: { 'last-event-id': events.at(-1)?.id ?? '' } });
  expect(after.status).toBe(204);
});

it('ends when the job is removed', async () => {
  const id = await newJob();
  const stream = await follow(id);
  await stream.next();
  await (await api.deps.queues.clone.getJob(id))?.remove();
  expect(await stream.rest()).toMatchObject([{ event: 'failed', data: { error: { code: 'job.not_found' } } }]);
});

it('frees what a reader that went away had taken, and bounds how many there are', async () => {
  const id = await newJob();
  const streams = await Promise.all(Array.from({ length: 5 }, () => follow(id)));
  for (const stream of streams) await stream.next();
  const sixth = await api.call('GET', `/api/v1/jobs/${id}/events`);
  expect(sixth.status).toBe(429);
  expect(await sixth.json()).toMatchObject({ error: { code: 'events.too_many' } });
  for (const stream of streams) await stream.leave();
  await expect.poll(() => api.deps.watcher.size, { timeout: 5000 }).toBe(0);
  const again = await follow(id);
  await again.next();
  await again.leave();
  await expect.poll(() => api.deps.watcher.size, { timeout: 5000 }).toBe(0);
});

it('loses no end while Redis hangs', async () => {
  const id = await newJob();
  const { complete } = await stages.take();
  const stream = await follow(id);
  await stream.next();
  api.redis.kill('SIGSTOP');
  const completing = complete({});
  await new Promise((resolve) => setTimeout(resolve, 3000));
  api.redis.kill('SIGCONT');
  await completing;
  expect((await stream.rest()).map(({ event }) => event)).toEqual(['completed']);
});
