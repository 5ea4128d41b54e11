import { context, propagation, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseEnv } from '../config/parse-env.ts';
import { startTraceCollector, type TraceCollector } from '../testing/trace-collector.ts';
import { tracingConfig } from './tracing-config.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CLIENT = `00-${TRACE}-b7ad6b7169203331-01`;

let collector: TraceCollector;
const lines: { fields: object; message: string }[] = [];
const logger = {
  warn: (fields: object, message: string) => void lines.push({ fields, message }),
  info: (message: string) => void lines.push({ fields: {}, message }),
};

beforeEach(async () => {
  // Whoever was in this process before has loaded the same modules.
  vi.resetModules();
  lines.length = 0;
  collector = await startTraceCollector();
});

afterEach(async () => {
  await collector[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
  vi.resetModules();
  for (const part of [trace, context, propagation]) part.disable();
});

/** As a process that starts with these variables. */
async function start(env: Record<string, string>) {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const { startTracing } = await import('./start-tracing.ts');
  const tracing = await startTracing({ config: parseEnv(tracingConfig, env), serviceName: 'wcr-test', logger });
  return { tracing, ...(await import('./spans.ts')), ...(await import('./enqueue.ts')) };
}

const JSON_TO = () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });
const queue = { name: 'clone', add: async (_name: string, _data: object, options: object) => options };

it.each([
  ['no endpoint', {}],
  ['tracing switched off', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SDK_DISABLED: 'true' }],
  ['no exporter', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_TRACES_EXPORTER: 'none' }],
])('with %s, work is done and nothing is noted of it', async (_, env) => {
  const { inSpan, enqueue, currentTraceparent, traceFields, tracing } = await start(env);
  const seen = await inSpan('work', { parent: CLIENT }, async (span) => [
    ...[span.isRecording(), currentTraceparent(), traceFields()],
    await enqueue(queue, {}, { jobId: 'clone-1' }),
  ]);
  expect(seen).toEqual([false, undefined, {}, { jobId: 'clone-1' }]);
  await tracing.stop();
});

it('a job carries the trace of who queued it; what fails tells its code, never its message', async () => {
  const { inSpan, enqueue, beginSpan, tracing } = await start({ ...JSON_TO(), OTEL_RESOURCE_ATTRIBUTES: 'deployment.name=shop' });
  const { AppError } = await import('../errors/app-error.ts');
  const options = await inSpan('POST /api/v1/clones', { parent: CLIENT, kind: 'server' }, () =>
    enqueue(queue, {}, { jobId: 'a' }),
  );
  const parent = (options as { telemetry?: { metadata: string } }).telemetry?.metadata;
  const failing = inSpan('job clone', { parent }, () =>
    inSpan('step copy-rows', {}, async () => {
      throw new AppError('source.unreachable', { reason: 'hunter2' }, { cause: new Error('hunter2') });
    }),
  );
  await expect(failing).rejects.toThrow();
  beginSpan('job expire', { links: [parent ?? ''] }).end();
  await tracing.stop();
  const [enqueued, request, step, job, expire] = collector.spans;
  expect([enqueued, request, step, job, expire].map((span) => span?.name)).toEqual([
    ...['enqueue clone', 'POST /api/v1/clones', 'step copy-rows', 'job clone', 'job expire'],
  ]);
  expect([request, enqueued, job, step].map((span) => span?.traceId)).toEqual([TRACE, TRACE, TRACE, TRACE]);
  expect([request, enqueued, job, step].map((span) => span?.parentSpanId)).toEqual([
    ...['b7ad6b7169203331', request?.spanId, enqueued?.spanId, job?.spanId],
  ]);
  expect(step).toMatchObject({ service: 'wcr-test', status: { code: 2, message: 'source.unreachable' } });
  expect(expire?.traceId).not.toBe(TRACE);
  expect(expire?.links).toMatchObject([{ traceId: TRACE, spanId: enqueued?.spanId }]);
  expect(collector.received.map(({ body }) => body.toString()).join()).not.toMatch(/hunter2|process\.|host\./);
  expect(collector.received.map(({ body }) => body.toString()).join()).toContain('deployment.name');
});

it('headers, service name, sampler and format are those of the environment', async () => {
  const env = {
    ...{ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=shop', OTEL_SERVICE_NAME: 'mine' },
    ...{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' },
  };
  const { inSpan, tracing } = await start(env);
  await inSpan('of nobody', {}, async () => undefined);
  await inSpan('of a client that wants it', { parent: CLIENT }, async () => undefined);
  await tracing.stop();
  expect(collector.received.map(({ type }) => type)).toEqual(['application/x-protobuf']);
  const text = collector.received[0]?.body.toString('latin1');
  expect(text).toContain('mine');
  expect(text).toContain('of a client that wants it');
  expect(text).not.toContain('of nobody');
  expect(collector.received[0]?.headers).toContain('"x-tenant":"shop"');
});

it('a collector that is away is told of once, and holds nobody up', async () => {
  const env = { ...JSON_TO(), OTEL_BSP_SCHEDULE_DELAY: '5', OTEL_EXPORTER_OTLP_TIMEOUT: '200' };
  await collector[Symbol.asyncDispose]();
  const { inSpan, tracing } = await start(env);
  await inSpan('one', {}, async () => undefined);
  await vi.waitFor(() => expect(lines).toHaveLength(1), 10_000);
  await inSpan('two', {}, async () => undefined);
  await tracing.stop(500);
  expect(lines).toEqual([{ fields: { reason: expect.any(String), spans: 1 }, message: 'spans could not be sent' }]);
});
