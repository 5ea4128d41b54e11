import { randomBytes } from 'node:crypto';
import type { Frame } from '@wcr/shared/contracts/agent-frames';
import { AppError, isAppError, isErrorCode } from '@wcr/shared/errors/app-error';
import { type Dispatcher, request } from 'undici';
import type { AgentAddress, AgentClient } from './agent.types.ts';
import { type AnswerLimits, boundAnswer, MAX_ANSWER_BYTES } from './bounded-answer.ts';
import { decodeStream, encodeFrame, encodeStream } from './frame-codec.ts';
import { signRequest } from './sign-request.ts';

/** Why a call failed before the agent could answer: the same call may be sent again. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
}

const MAX_FACTS = 20;
const MAX_FACT_LENGTH = 2_000;

type ClientDeps = {
  readonly dispatcher?: Dispatcher;
  readonly now?: () => number;
  readonly timeoutMs?: number;
  readonly limits?: AnswerLimits;
};

/**
 * A client of one agent. Redirects are not followed: a signed body must reach the very address it was meant for.
 * @param deps.timeoutMs longest silence on the line, not the whole call
 */
export function createAgentClient(address: AgentAddress, deps: ClientDeps = {}): AgentClient {
  const now = deps.now ?? Date.now;
  const timeoutMs = deps.timeoutMs ?? 60_000;

  async function* call(
    operation: string,
    args: object,
    options: { frames?: readonly Buffer[][]; signal: AbortSignal },
  ): AsyncGenerator<Frame> {
    const body = encodeStream([encodeFrame('Q', args), ...(options.frames ?? [])]);
    const response = await send(operation, body, options.signal);
    const finish = () => response.body.destroy();
    try {
      yield* untilEnd(decodeStream(networkErrors(boundAnswer(response.body, deps.limits)), MAX_ANSWER_BYTES));
    } catch (error) {
      throw explainStatus(error, response.statusCode);
    } finally {
      finish();
    }
  }

  async function send(operation: string, body: Buffer, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    try {
      return await request(freshUrl(address.url), {
        method: 'POST',
        headers: { ...signRequest(operation, body, address.pairingKey, now()), ...fixedHeaders(address) },
        body,
        signal,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        ...(deps.dispatcher && { dispatcher: deps.dispatcher }),
      });
    } catch (cause) {
      signal.throwIfAborted();
      // An address that is refused is so the next time, too.
      if (isAppError(cause)) throw cause;
      throw new TransportError(reasonOf(cause), { cause });
    }
  }

  return { call };
}

function fixedHeaders(address: AgentAddress): Record<string, string> {
  const { httpAuth } = address;
  return {
    'content-type': 'application/octet-stream',
    'cache-control': 'no-store',
    'user-agent': 'wp-clone-restore',
    ...(httpAuth && { authorization: `Basic ${Buffer.from(`${httpAuth.username}:${httpAuth.password}`).toString('base64')}` }),
  };
}

function freshUrl(base: string): URL {
  const url = new URL(base);
  url.searchParams.set('wcr-nonce', randomBytes(6).toString('hex'));
  return url;
}

async function* networkErrors(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    throw new TransportError(reasonOf(cause), { cause });
  }
}

async function* untilEnd(frames: AsyncGenerator<Frame>): AsyncGenerator<Frame> {
  for await (const frame of frames) {
    if (frame.kind === 'X') throw errorOfFrame(frame);
    yield frame;
    if (frame.kind === 'E') return;
  }
  throw new AppError('agent.truncated');
}

function errorOfFrame(frame: Frame): AppError {
  const { code, message, detail } = frame.meta;
  return isErrorCode(code) && /^(agent|source|target)\./.test(code)
    ? new AppError(code, { reason: shortened(message ?? ''), ...factsOf(detail) })
    : new AppError('agent.failed', { reason: `${shortened(code)} ${shortened(message ?? '')}` });
}

/** What a site says about its errors is kept and shown: a few plain facts of bounded length. */
function factsOf(detail: unknown): Record<string, unknown> {
  if (typeof detail !== 'object' || detail === null) return {};
  const facts = Object.entries(detail).slice(0, MAX_FACTS);
  return Object.fromEntries(
    facts.map(([name, value]) => [name.slice(0, 64), typeof value === 'number' ? value : shortened(value)]),
  );
}

function shortened(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > MAX_FACT_LENGTH ? `${text.slice(0, MAX_FACT_LENGTH)}…` : text;
}

/** A gateway's error page is a fault of the way, not of the agent. */
function explainStatus(error: unknown, status: number): unknown {
  const foreign = error instanceof AppError && error.code === 'agent.malformed';
  return foreign && status >= 500 ? new TransportError(`HTTP ${status}`, { cause: error }) : error;
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
