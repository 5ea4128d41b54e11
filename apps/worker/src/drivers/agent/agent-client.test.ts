import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { createAgentClient, TransportError } from './agent-client.ts';
import type { AnswerLimits } from './bounded-answer.ts';
import { encodeFrame, encodeStream } from './frame-codec.ts';

// Real connections, also on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const signal = new AbortController().signal;
const toClose: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0)) await close();
});

/** Calls an agent that answers so; what it hands out, or the error. */
async function call(listener: RequestListener, limits: AnswerLimits = {}): Promise<unknown> {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  toClose.push(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const client = createAgentClient({ url, transport: 'rest', pairingKey: 'ab'.repeat(32) }, { limits });
  const frames = [];
  try {
    for await (const frame of client.call('site.facts', {}, { signal })) frames.push(frame);
    return frames;
  } catch (error) {
    return error;
  }
}

it('ends an answer that has no end', async () => {
  const piece = encodeFrame('R', { rows: 1, cursor: 'x' }, Buffer.alloc(60_000));
  const error = await call(
    (_request, response) => {
      response.write('WCR1\n');
      const more = () => {
        while (!response.destroyed && response.write(Buffer.concat(piece)));
      };
      response.on('drain', more);
      more();
    },
    { maxBytes: 1 << 20 },
  );
  expect(error).toMatchObject({ code: 'agent.malformed' });
});

it('takes an answer that drips for a line that is lost: the call may be sent again', async () => {
  let now = 0;
  const clock = () => {
    now += 40_000;
    return now;
  };
  const drip: RequestListener = (_request, response) => {
    const drops = setInterval(() => response.write('W'), 5);
    response.on('close', () => clearInterval(drops));
  };
  const error = await call(drip, { clock });
  expect(error).toBeInstanceOf(TransportError);
});

it('keeps a site’s words about its error short, and takes no code that is not an agent’s', async () => {
  const answer = (meta: object) => (_request: unknown, response: Parameters<RequestListener>[1]) =>
    void response.end(encodeStream([encodeFrame('X', meta)]));
  const long = 'x'.repeat(5_000);
  const detail = {
    ...Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`fact${index}`, long])),
    nested: { deep: long },
  };
  const told = await call(answer({ code: 'source.database_unsupported', message: long, detail }));
  expect(told).toMatchObject({ code: 'source.database_unsupported' });
  expect(JSON.stringify([String(told), (told as { detail: object }).detail]).length).toBeLessThan(60_000);
  for (const code of ['auth.forbidden', 'secret.missing', 'clone.not_found', 'agent.no_such', '__proto__', 7, null])
    expect(await call(answer({ code, message: 'x' }))).toMatchObject({ code: 'agent.failed' });
});
