import { expect, it } from 'vitest';
import { readEvents, type ServerEvent } from './read-events.ts';

const answerOf = (...chunks: string[]): Response => {
  const encoder = new TextEncoder();
  return new Response(ReadableStream.from(chunks.map((chunk) => encoder.encode(chunk))));
};

const collect = async (events: AsyncIterable<ServerEvent>): Promise<string[]> => {
  const seen: string[] = [];
  for await (const event of events) seen.push(`${event.event} ${event.data}`);
  return seen;
};

it('events are put together from pieces, and comments are left out', async () => {
  const answer = answerOf(
    ': hello\n\nevent: pro',
    'gress\nid: 1\ndata: {"a"',
    ':1}\n\nevent: completed\ndata: x\ndata: y\n\n',
    'event: late\ndata: z\n\n',
  );
  expect(await collect(readEvents(async () => answer))).toEqual(['progress {"a":1}', 'completed x\ny']);
});

it('a stream that breaks off goes on after the last event', async () => {
  const asked: (string | undefined)[] = [];
  const answers = [answerOf('event: log\nid: 7\ndata: one\n\nevent: log\nda'), answerOf('event: failed\ndata: two\n\n')];
  const events = readEvents(async (lastEventId) => {
    asked.push(lastEventId);
    return answers.shift() ?? new Response(null, { status: 204 });
  });
  expect(await collect(events)).toEqual(['log one', 'failed two']);
  expect(asked).toEqual([undefined, '7']);
});
