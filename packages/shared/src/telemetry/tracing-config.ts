import { z } from 'zod';
import { type Config, type ConfigDefinition, envSchemas } from '../config/parse-env.ts';

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/**
 * The variables of OpenTelemetry that we read ourselves. Its exporter reads the others: headers, timeout, compression and
 * certificates (`OTEL_EXPORTER_OTLP_…`), and the resource `OTEL_RESOURCE_ATTRIBUTES`.
 */
export const tracingConfig = {
  otlpEndpoint: {
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    doc: 'Where traces are sent to by OTLP over HTTP, e.g. http://collector:4318; without it nothing is traced.',
    schema: z.url().optional(),
  },
  otlpTracesEndpoint: {
    env: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    doc: 'The same with its whole path; goes before OTEL_EXPORTER_OTLP_ENDPOINT.',
    schema: z.url().optional(),
  },
  otlpProtocol: {
    env: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    doc: 'How traces are written: http/protobuf or http/json.',
    schema: z.enum(['http/protobuf', 'http/json']).default('http/protobuf'),
  },
  tracesExporter: {
    env: 'OTEL_TRACES_EXPORTER',
    doc: 'none traces nothing although there is an endpoint.',
    schema: z.enum(['otlp', 'none']).default('otlp'),
  },
  otelDisabled: {
    env: 'OTEL_SDK_DISABLED',
    doc: 'true traces nothing although there is an endpoint.',
    schema: envSchemas.flag.default(false),
  },
  otelServiceName: {
    env: 'OTEL_SERVICE_NAME',
    doc: 'What the program is called in traces; wcr-api and wcr-worker when not given.',
    schema: z.string().optional(),
  },
  tracesSampler: {
    env: 'OTEL_TRACES_SAMPLER',
    doc: 'Which traces are kept.',
    schema: z.enum(SAMPLERS).default('parentbased_always_on'),
  },
  tracesSamplerShare: {
    env: 'OTEL_TRACES_SAMPLER_ARG',
    doc: 'Share of the traces that are kept, 0 to 1, for the samplers with a ratio.',
    schema: z.coerce.number().min(0).max(1).default(1),
  },
  spanDelayMs: {
    env: 'OTEL_BSP_SCHEDULE_DELAY',
    doc: 'Milliseconds between two batches of spans.',
    schema: envSchemas.count.default(5_000),
  },
} as const satisfies ConfigDefinition;

export type TracingConfig = Config<typeof tracingConfig>;
