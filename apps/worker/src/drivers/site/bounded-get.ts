import { type Dispatcher, request } from 'undici';
import { nameNetworkError } from './name-network-error.ts';
import type { ProbeOptions, ProbeRequest } from './site.types.ts';

const MAX_BODY_BYTES = 256 * 1024;
const DEFAULT_TIMEOUT_MS = 10_000;

export type Page = {
  readonly url: URL;
  readonly status: number;
  /** First value of a header, by its lower-case name. */
  header(name: string): string;
  /** The start of the body, at most 256 KiB. */
  readonly text: string;
};

export type Get = (url: URL) => Promise<Page>;

/**
 * Makes a GET that is bounded in time and bytes and follows no redirect.
 * The returned function throws AppError `source.unreachable` or `source.tls_invalid`.
 */
export function createBoundedGet(access: Pick<ProbeRequest, 'httpAuth' | 'signal'>, options: ProbeOptions = {}): Get {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return async (url) => {
    const signal = AbortSignal.any([access.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const response = await request(url, {
        method: 'GET',
        headers: headersFor(access.httpAuth),
        signal,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        ...(options.dispatcher && { dispatcher: options.dispatcher }),
      });
      const text = await readStart(response.body);
      return { url, status: response.statusCode, text, header: (name) => firstOf(response.headers[name]) };
    } catch (error) {
      access.signal.throwIfAborted();
      throw nameNetworkError(error);
    }
  };
}

function headersFor(httpAuth: ProbeRequest['httpAuth']): Record<string, string> {
  const basic = httpAuth && Buffer.from(`${httpAuth.username}:${httpAuth.password}`).toString('base64');
  return {
    accept: 'text/html,application/json;q=0.9,*/*;q=0.5',
    'user-agent': 'Mozilla/5.0 (compatible; wp-clone-restore)',
    ...(basic && { authorization: `Basic ${basic}` }),
  };
}

async function readStart(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString('utf8');
}

function firstOf(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value.join(', ') : value) ?? '';
}
