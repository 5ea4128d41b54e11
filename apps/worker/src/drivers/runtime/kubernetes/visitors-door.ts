import { type AgentAccess, openAgentFiles } from './agent-files.ts';

/** The agent's file that the image's gate reads: until when visitors may come in. */
const DOOR = 'visitors';
const WRITE_MS = 30_000;
const CLOSE_MS = 3_000;
const NEVER = new AbortController().signal;

/** Lets visitors in until a time in milliseconds since the epoch. @throws AppError when the clone's agent does not answer */
export async function openDoor(agent: AgentAccess, until: number): Promise<void> {
  await write(agent, String(Math.ceil(until / 1000)), WRITE_MS);
}

/** Keeps visitors out, if the clone still answers. */
export async function closeDoor(agent: AgentAccess): Promise<void> {
  await write(agent, '', CLOSE_MS).catch(() => undefined);
}

async function write(agent: AgentAccess, text: string, limitMs: number): Promise<void> {
  const store = openAgentFiles(agent, { signal: NEVER, limitMs });
  await store.write({ name: DOOR, offset: 0, data: Buffer.from(text) });
}
