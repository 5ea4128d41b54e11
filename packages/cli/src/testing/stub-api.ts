import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Seen = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
};
/** Answers one request: with a status and a JSON body, or by hand. */
export type Reply = readonly [status: number, body: unknown] | ((response: ServerResponse) => void);
export type Replies = Readonly<Record<string, Reply | readonly Reply[]>>;

export type StubApi = AsyncDisposable & { readonly url: string; readonly seen: readonly Seen[] };

/**
 * A real HTTP server in the place of the API.
 * @param replies by `METHOD /path` without query; a list is answered one after the other, its last for good
 */
export async function startStubApi(replies: Replies): Promise<StubApi> {
  const seen: Seen[] = [];
  const counts = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    let text = '';
    for await (const chunk of request) text += chunk;
    const name = `${method} ${url.split('?')[0]}`;
    seen.push({ method, path: url, headers, body: text === '' ? undefined : JSON.parse(text) });
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    answer(response, replyTo(replies[name], count));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function replyTo(reply: Reply | readonly Reply[] | undefined, count: number): Reply {
  if (reply === undefined) return refusal(404, 'route.not_found');
  return isList(reply) ? (reply[Math.min(count, reply.length - 1)] ?? refusal(404, 'route.not_found')) : reply;
}

function isList(reply: Reply | readonly Reply[]): reply is readonly Reply[] {
  return Array.isArray(reply) && typeof reply[0] !== 'number';
}

function answer(response: ServerResponse, reply: Reply): void {
  if (typeof reply === 'function') {
    reply(response);
    return;
  }
  const [status, body] = reply;
  response.writeHead(status, { 'content-type': 'application/json' }).end(body === undefined ? '' : JSON.stringify(body));
}

/** An error as the API words it. */
export function refusal(status: number, code: string): Reply {
  return [status, { error: { code, message: `It says ${code}.`, hint: 'Do something.', requestId: 'request-1' } }];
}

/** What somebody else answers. */
export function page(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return (response) => void response.writeHead(status, { 'content-type': 'text/html', ...headers }).end('<html>');
}

/** A stream of events; broken off when it does not end by itself. */
export function events(...blocks: readonly { event: string; data: unknown; id?: string }[]): Reply {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const { event, data, id } of blocks)
      response.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    response.end();
  };
}

export const JOB = {
  ...{ id: 'clone-1', queue: 'clone', status: 'active', cloneId: 'clone-20300131-120000-k3x9' },
  ...{ attempts: 0, maxAttempts: 4, createdAt: '2030-01-31T12:00:00.000Z' },
};

/** How far a job is. */
export const progress = (stepNumber: number, step = 'copy-files') => ({ step, stepNumber, stepCount: 4, at: 0 });
