import {
  type Attributes,
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { isAppError } from '../errors/app-error.ts';

/** Does nothing, at next to no cost, as long as `startTracing` has not put an SDK behind it. */
const tracer = trace.getTracer('wp-clone-restore');

const NO_SPAN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

export type { Attributes, Span };
export type SpanOptions = {
  /** Never a secret, a URL, a header or somebody's text: ids, names of ours, and numbers. */
  readonly attributes?: Attributes;
  readonly kind?: keyof typeof KINDS;
  /** W3C `traceparent` of what this is part of; without it, of whatever span is open. */
  readonly parent?: string | undefined;
  /** `traceparent`s of what this belongs to without being part of it; with `parent` undefined a trace of its own begins. */
  readonly links?: readonly string[];
};

/** Runs `body` inside a span. An error ends the span with its code as status, never with its message. */
export async function inSpan<T>(name: string, options: SpanOptions, body: (span: Span) => Promise<T>): Promise<T> {
  const span = beginSpan(name, options);
  try {
    return await withSpan(span, () => body(span));
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** A span that the caller ends; what happens meanwhile does not become part of it. */
export function beginSpan(name: string, options: SpanOptions = {}): Span {
  const { attributes = {}, kind } = options;
  const links = (options.links ?? []).flatMap(linkTo);
  return tracer.startSpan(name, { attributes, links, ...(kind && { kind: KINDS[kind] }) }, contextFor(options));
}

/** Runs `body` with an open span, which what happens meanwhile becomes part of. The caller ends it. */
export function withSpan<T>(span: Span, body: () => Promise<T>): Promise<T> {
  return context.with(trace.setSpan(context.active(), span), body);
}

/** The open span; one that does nothing when there is none. */
export function currentSpan(): Span {
  return trace.getActiveSpan() ?? NO_SPAN;
}

/** Marks a span as failed. @param error or its code */
export function failSpan(span: Span, error: unknown): void {
  const code = typeof error === 'string' ? error : codeOf(error);
  span.setAttribute('error.type', code);
  span.setStatus({ code: SpanStatusCode.ERROR, message: code });
}

/** Ties the open span to another one, e.g. to an earlier attempt at the same. */
export function linkSpan(traceparent: string): void {
  const span = currentSpan();
  for (const link of linkTo(traceparent)) span.addLink(link);
}

/** W3C `traceparent` of the open span; undefined when nothing is traced. */
export function currentTraceparent(): string | undefined {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** For log lines: the id of the trace, when there is one. */
export function traceFields(): { traceId?: string } {
  const traceId = trace.getActiveSpan()?.spanContext().traceId;
  return traceId === undefined ? {} : { traceId };
}

function contextFor({ parent, links }: SpanOptions): Context {
  if (parent !== undefined) return contextOf(parent);
  return links === undefined ? context.active() : ROOT_CONTEXT;
}

/** Something that is no `traceparent` leads nowhere. */
function contextOf(traceparent: string): Context {
  return propagation.extract(ROOT_CONTEXT, { traceparent });
}

function linkTo(traceparent: string): Link[] {
  const linked = trace.getSpanContext(contextOf(traceparent));
  return linked ? [{ context: linked }] : [];
}

/** Our own code, or the kind of the error: both are words of a program, which nobody else has a say in. */
function codeOf(error: unknown): string {
  if (isAppError(error)) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
