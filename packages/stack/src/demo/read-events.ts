import { setTimeout as sleep } from 'node:timers/promises';

/** One server-sent event; comments are left out. */
export type ServerEvent = { readonly event: string; readonly id?: string; readonly data: string };

const LAST_EVENTS: readonly string[] = ['completed', 'failed'];
const MAX_SILENT_CONNECTIONS = 10;

/**
 * Reads a stream of server-sent events and connects again where it broke off, until its last event.
 * @throws Error of `connect`, or when connection after connection brings nothing
 */
export async function* readEvents(connect: (lastEventId: string | undefined) => Promise<Response>): AsyncGenerator<ServerEvent> {
  let lastEventId: string | undefined;
  for (let silent = 0; silent < MAX_SILENT_CONNECTIONS; silent += 1) {
    const answer = await connect(lastEventId);
    if (answer.status === 204) return;
    for await (const event of eventsOf(answer)) {
      silent = 0;
      lastEventId = event.id ?? lastEventId;
      yield event;
      if (LAST_EVENTS.includes(event.event)) return;
    }
    await sleep(500);
  }
  throw new Error('The stream of events broke off again and again.');
}

/** The events of one connection; its end, however it comes, ends them. */
async function* eventsOf(answer: Response): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of answer.body ?? []) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).replaceAll('\r\n', '\n').split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event) yield event;
      }
    }
  } catch {
    // A broken connection: the caller makes a new one.
  }
}

/** Reads one block of the format; undefined when it holds no data. */
export function parseEvent(block: string): ServerEvent | undefined {
  const fields = block.split('\n').map((line) => /^(event|id|data): ?(.*)$/.exec(line));
  const valuesOf = (name: string): string[] => fields.filter((field) => field?.[1] === name).map((field) => field?.[2] ?? '');
  const data = valuesOf('data');
  const id = valuesOf('id').at(-1);
  if (data.length === 0) return undefined;
  return { event: valuesOf('event').at(-1) ?? 'message', data: data.join('\n'), ...(id === undefined ? {} : { id }) };
}
