import { type Dispatcher, request } from 'undici';

export type VisitOptions = {
  readonly method?: 'GET' | 'POST';
  readonly form?: Readonly<Record<string, string>>;
  /** `Set-Cookie` values of an earlier visit. */
  readonly cookies?: readonly string[];
  readonly signal: AbortSignal;
  readonly dispatcher?: Dispatcher;
};

export type Visit = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  /** At most `MAX_BODY_BYTES`. */
  readonly body: string;
};

const MAX_BODY_BYTES = 2 << 20;
const TIMEOUT_MS = 60_000;
const TOTAL_MS = 2 * TIMEOUT_MS;

/** One request to a site; redirects are reported, not followed. */
export async function visitSite(url: string, options: VisitOptions): Promise<Visit> {
  const response = await request(url, {
    method: options.method ?? 'GET',
    signal: AbortSignal.any([options.signal, AbortSignal.timeout(TOTAL_MS)]),
    ...(options.dispatcher && { dispatcher: options.dispatcher }),
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    headers: {
      ...(options.form && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...(options.cookies && { cookie: options.cookies.map((cookie) => cookie.split(';')[0]).join('; ') }),
    },
    body: options.form ? new URLSearchParams(options.form).toString() : null,
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    // A page may have no end.
    if (bytes >= MAX_BODY_BYTES) break;
  }
  const { 'set-cookie': cookies = [], ...headers } = response.headers;
  const flat = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
  return {
    status: response.statusCode,
    headers: Object.fromEntries(flat),
    cookies: [cookies].flat(),
    body: Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString('utf8'),
  };
}
