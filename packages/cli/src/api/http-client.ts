import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import { fetch, type Response } from 'undici';
import type { z } from 'zod';
import { Envelope } from './answers.ts';
import { parseJson } from './parse-json.ts';
import { ReportedFailure } from './reported-failure.ts';

export type ApiAddress = {
  readonly apiUrl: string;
  readonly apiKey: string;
};

export type HttpOptions = ApiAddress & { /** Ends every call. */ readonly signal?: AbortSignal | undefined };

export type Call = {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent again when the line breaks: for calls that do the same however often they are made. */
  readonly isRepeatable?: boolean;
  readonly signal?: AbortSignal | undefined;
};

export type HttpClient = {
  /** @throws ReportedFailure, AppError `cli.unreachable`, `cli.unexpected_answer`; the signal's reason */
  send(path: string, call?: Call): Promise<Response>;
  /** The same, with the answer's body as JSON of a known form. */
  ask<T>(schema: z.ZodType<T>, path: string, call?: Call): Promise<T>;
};

/** Until the head of an answer is there; bodies may take as long as they like. */
const ANSWER_MS = 30_000;
const REPEAT_AFTER_MS: readonly number[] = [200, 800];

/** Speaks to the API. Redirects are not followed: the key is for one address only. */
export function createHttpClient({ apiUrl, apiKey, signal: ending }: HttpOptions): HttpClient {
  const base = apiUrl.replace(/\/+$/, '');

  async function once(path: string, { method = 'GET', body, headers, signal = ending }: Call): Promise<Response> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
    try {
      return await fetch(`${base}${path}`, {
        method,
        redirect: 'manual',
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${apiKey}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]),
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new AppError('cli.unreachable', { url: base, reason: reasonOf(cause) }, { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  async function send(path: string, call: Call = {}): Promise<Response> {
    const answer = await repeated(() => once(path, call), { signal: ending, ...call });
    if (answer.ok) return answer;
    throw await failureOf(base, answer);
  }

  return {
    send,
    async ask(schema, path, call) {
      const text = await (await send(path, call)).text();
      const parsed = schema.safeParse(parseJson(text));
      if (parsed.success) return parsed.data;
      throw new AppError('cli.unexpected_answer', { url: `${base}${path}`, reason: 'its answer has another form' });
    },
  };
}

async function repeated<T>(
  attempt: () => Promise<T>,
  { method = 'GET', isRepeatable = method !== 'POST', signal }: Call,
): Promise<T> {
  for (const pauseMs of isRepeatable ? REPEAT_AFTER_MS : []) {
    try {
      return await attempt();
    } catch (error) {
      if (!isAppError(error) || error.code !== 'cli.unreachable') throw error;
      await sleep(pauseMs, undefined, signal && { signal });
    }
  }
  return attempt();
}

async function failureOf(base: string, answer: Response): Promise<Error> {
  const envelope = Envelope.safeParse(parseJson(await answer.text().catch(() => '')));
  if (envelope.success) return new ReportedFailure(envelope.data, answer.status);
  const location = answer.headers.get('location');
  const reason = location === null ? `it answers ${answer.status}` : `it redirects to ${location}`;
  return new AppError('cli.unexpected_answer', { url: base, reason });
}

/** undici says `fetch failed`; what failed stands in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
}
