import { type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';

export type HostRequest = {
  /** What the visitor takes the server for; `fetch` does not let one say that. */
  readonly host?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
};

/** Asks an address under another host name. Redirects are answers like others. */
export async function askHost(url: string, { host, method = 'GET', headers = {}, body }: HostRequest = {}): Promise<Response> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, { method, agent: false, headers: { ...headers, ...(host !== undefined && { host }) } }, resolve);
    sent.once('error', reject);
    sent.end(body);
  });
  const { rawHeaders, statusCode: status = 0 } = answer;
  const pairs = rawHeaders.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : [],
  );
  return new Response(status === 304 ? null : (Readable.toWeb(answer) as ReadableStream), { status, headers: pairs });
}
