import { setTimeout as sleep } from 'node:timers/promises';
import type { Sampler, SpanExporter } from '@opentelemetry/sdk-trace';
import type { TracingConfig } from './tracing-config.ts';

export type Tracing = {
  /** Sends what is left, within `limitMs`; never throws. */
  stop(limitMs?: number): Promise<void>;
};

type Options = {
  readonly config: TracingConfig;
  readonly serviceName: string;
  /** Told when spans get lost, and when they no longer do: not for every batch. */
  readonly logger: { warn(fields: object, message: string): void; info(message: string): void };
};

const STOP_LIMIT_MS = 3_000;
const OFF: Tracing = { stop: async () => undefined };

/**
 * Puts OpenTelemetry's SDK behind our spans when an OTLP endpoint is configured. Otherwise not even its code is loaded.
 * A collector that is away costs a line in the log: what does not fit into the queue of 2048 spans is dropped.
 */
export async function startTracing({ config, serviceName, logger }: Options): Promise<Tracing> {
  const endpoint = config.otlpTracesEndpoint ?? config.otlpEndpoint;
  if (endpoint === undefined || config.otelDisabled || config.tracesExporter === 'none') return OFF;
  const [api, sdk, { AsyncLocalStorageContextManager }, { W3CTraceContextPropagator }, resources, exporter] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/core'),
    import('@opentelemetry/resources'),
    createExporter(config),
  ]);
  const batches = new sdk.BatchSpanProcessor({
    exporter: tellLosses(exporter, logger),
    scheduledDelayMillis: config.spanDelayMs,
  });
  // Nothing is detected but what the environment says: a process' arguments and its host are nobody's business.
  const resource = resources
    .defaultResource()
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
    .merge(resources.resourceFromAttributes({ 'service.name': config.otelServiceName ?? serviceName }));
  const provider = new sdk.TracerProvider({ resource, spanProcessors: [batches], sampler: createSampler(sdk, config) });
  api.trace.setGlobalTracerProvider(provider);
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  // No baggage: what a client writes there would travel on.
  api.propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return {
    async stop(limitMs = STOP_LIMIT_MS) {
      const limit = new AbortController();
      const stopped = provider.shutdown().catch(() => undefined);
      await Promise.race([stopped, sleep(limitMs, undefined, { signal: limit.signal }).catch(() => undefined)]);
      limit.abort();
      for (const part of [api.trace, api.context, api.propagation]) part.disable();
    },
  };
}

async function createExporter({ otlpProtocol }: TracingConfig): Promise<SpanExporter> {
  const { OTLPTraceExporter } =
    otlpProtocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter();
}

function createSampler(sdk: typeof import('@opentelemetry/sdk-trace'), config: TracingConfig): Sampler {
  const name = config.tracesSampler.replace('parentbased_', '');
  const root =
    name === 'traceidratio'
      ? new sdk.TraceIdRatioBasedSampler(config.tracesSamplerShare)
      : name === 'always_off'
        ? new sdk.AlwaysOffSampler()
        : new sdk.AlwaysOnSampler();
  return config.tracesSampler === name ? root : new sdk.ParentBasedSampler({ root });
}

/** Says once that spans get lost, and once that they arrive again. */
function tellLosses(exporter: SpanExporter, logger: Options['logger']): SpanExporter {
  let isLosing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.code !== 0;
        if (failed && !isLosing) logger.warn({ reason: reasonOf(result.error), spans: spans.length }, 'spans could not be sent');
        if (!failed && isLosing) logger.info('spans are sent again');
        isLosing = failed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush && { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
  };
}

/** Not the message: it may repeat what the collector answered. */
function reasonOf(error: Error | undefined): string {
  if (error === undefined) return 'unknown';
  return 'code' in error && error.code !== undefined ? String(error.code) : error.name;
}
