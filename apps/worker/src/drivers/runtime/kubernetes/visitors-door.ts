import { AppError } from '@wcr/shared/errors/app-error';
import { createAgentClient } from '../../agent/agent-client.ts';
import { createBaseStore } from '../../agent/base-store.ts';
import { Patience } from '../../agent/patience.ts';

/** The agent's file that the image's gate reads: until when visitors may come in. */
const DOOR = 'visitors';
const WRITE_MS = 30_000;
const CLOSE_MS = 3_000;

export type DoorAgent = { readonly url: string; readonly pairingKey: string };

/** Lets visitors in until a time in milliseconds since the epoch. @throws AppError when the clone's agent does not answer */
export async function openDoor(agent: DoorAgent, until: number): Promise<void> {
  await write(agent, String(Math.ceil(until / 1000)), WRITE_MS);
}

/** Keeps visitors out, if the clone still answers. */
export async function closeDoor(agent: DoorAgent): Promise<void> {
  await write(agent, '', CLOSE_MS).catch(() => undefined);
}

async function write({ url, pairingKey }: DoorAgent, text: string, limitMs: number): Promise<void> {
  const signal = AbortSignal.timeout(limitMs);
  const client = createAgentClient({ url, transport: 'standalone', pairingKey });
  const store = createBaseStore(client, { signal, patience: () => patienceOf(limitMs, signal) });
  await store.write({ name: DOOR, offset: 0, data: Buffer.from(text) });
}

function patienceOf(totalMs: number, signal: AbortSignal): Patience {
  const exhausted = (reason: string, cause: unknown) =>
    new AppError('runtime.failed', { reason: `its agent: ${reason}` }, { cause });
  return new Patience({ totalMs, signal, exhausted, log: () => undefined });
}
