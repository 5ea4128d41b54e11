import { parseEnv } from '@wcr/shared/config/parse-env';
import { AppError } from '@wcr/shared/errors/app-error';
import { enqueue } from '@wcr/shared/telemetry/enqueue';
import { inSpan } from '@wcr/shared/telemetry/spans';
import { startTracing, type Tracing } from '@wcr/shared/telemetry/start-tracing';
import { tracingConfig } from '@wcr/shared/telemetry/tracing-config';
import { type CollectedSpan, startTraceCollector, type TraceCollector } from '@wcr/shared/testing/trace-collector';
import { useRedis } from '@wcr/stack/testing/services';
import { type JobsOptions, Queue } from 'bullmq';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createTestEngine, TEST_PREFIX, type TestEngine } from '../testing/test-engine.ts';
import { waitUntil } from '../testing/wait-until.ts';
import type { RunningWorker } from '../worker.ts';
import { defineJob } from './define-job.ts';
import { createProcessor } from './run-job.ts';

const SECRET = 'hunter2-hunter2';
const runs: string[] = [];
const job = defineJob<TestEngine>()({
  name: 'clone',
  input: z.object({ requestId: z.string() }),
  steps: ['one', 'two'],
  async run({ deps, jobId, step }) {
    runs.push(jobId);
    await step('one', async () => {
      deps.redactor.add(SECRET);
      deps.logger.warn(`within ${SECRET}`);
      return null;
    });
    return step('two', async ({ signal }) => {
      if (runs.length === 1) throw new AppError('agent.failed', { reason: SECRET });
      if (runs.length === 2) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      return null;
    });
  },
});

let collector: TraceCollector;
let tracing: Tracing;
let engine: TestEngine;
let queue: Queue;
const workers: RunningWorker[] = [];

beforeAll(async () => {
  collector = await startTraceCollector();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '5',
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  engine = createTestEngine((await useRedis()).url);
  tracing = await startTracing({ config: parseEnv(tracingConfig, env), serviceName: 'wcr-worker', logger: engine.logger });
  queue = new Queue('clone', { prefix: TEST_PREFIX, connection: engine.redis });
});

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
  await tracing.stop();
  await queue.close();
  engine.redis.disconnect();
  await collector[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
});

function work(): RunningWorker {
  const worker = engine.start([
    { queue: 'clone', processor: createProcessor({ engine, definition: job, deps: engine }), concurrency: 1 },
  ]);
  workers.push(worker);
  return worker;
}
const ask = (jobId: string, options: JobsOptions = {}) =>
  inSpan('request', { kind: 'server' }, () =>
    enqueue(queue, { requestId: 'request-1' }, { jobId, attempts: 3, backoff: { type: 'capped' }, ...options }),
  );
const spansOf = (name: string): CollectedSpan[] => collector.spans.filter((span) => span.name === name);
const attempts = (count: number) =>
  waitUntil(async () => (spansOf('job clone').length >= count ? spansOf('job clone') : undefined), `${count} attempts`);

it('one trace goes from the request over a failed attempt and a released one to the worker that finishes the job', async () => {
  const first = work();
  await ask('clone-1');
  await waitUntil(async () => (runs.length === 2 ? true : undefined), 'the second attempt');
  // Steps are begun before they wait.
  await waitUntil(
    async () => ((await queue.getJob('clone-1'))?.progress as { step?: string })?.step === 'two' || undefined,
    'it',
  );
  await first.close();
  work();
  const [failed, released, finished] = await attempts(3);
  const [request] = spansOf('request');
  const [queued] = spansOf('enqueue clone');
  expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([request?.traceId]));
  expect(queued?.parentSpanId).toBe(request?.spanId);
  expect([failed, released, finished].map((span) => [span?.parentSpanId, span?.attributes['wcr.job.outcome']])).toEqual([
    [queued?.spanId, 'retried'],
    [queued?.spanId, 'released'],
    [queued?.spanId, 'completed'],
  ]);
  expect(failed?.status).toMatchObject({ code: 2, message: 'agent.failed' });
  expect(released?.status?.code ?? 0).toBe(0);
  expect([released, finished].map((span) => span?.links.map(({ spanId }) => spanId))).toEqual([
    [failed?.spanId],
    [released?.spanId],
  ]);
  expect(spansOf('step one').map(({ parentSpanId }) => parentSpanId)).toEqual([failed?.spanId]);
  expect(spansOf('step two').map(({ parentSpanId }) => parentSpanId)).toEqual([
    ...[failed?.spanId, released?.spanId, finished?.spanId],
  ]);
  expect(JSON.stringify(collector.spans)).not.toContain(SECRET);
});

it('every line of a job says its queue, id, request and trace, and what a step writes, the step', () => {
  const lines = engine.logged.map((line) => JSON.parse(line) as Record<string, unknown>);
  const [trace] = spansOf('request');
  const ids = { queue: 'clone', jobId: 'clone-1', requestId: 'request-1', traceId: trace?.traceId };
  expect(lines.filter((line) => line['msg'] === 'within [secret]')).toMatchObject([{ ...ids, step: 'one' }]);
  expect(lines.filter((line) => line['msg'] === 'an attempt failed')).toMatchObject([{ ...ids, step: 'two' }]);
  expect(lines.filter((line) => line['msg'] === 'an attempt ended').map((line) => line['outcome'])).toEqual([
    ...['retried', 'released', 'completed'],
  ]);
  for (const line of lines) expect(line).toMatchObject(ids);
});

it('a job that was put off has a trace of its own, tied to the one in which somebody wanted it', async () => {
  await ask('clone-2', { delay: 1 });
  const [, , , later] = await attempts(4);
  const wanted = spansOf('enqueue clone').find(({ traceId }) => traceId !== spansOf('enqueue clone')[0]?.traceId);
  expect(later?.traceId).not.toBe(wanted?.traceId);
  expect(later?.links).toMatchObject([{ traceId: wanted?.traceId, spanId: wanted?.spanId }]);
});
