import type { AgentClient } from './agent.types.ts';
import { encodeFrame } from './frame-codec.ts';
import type { Patience } from './patience.ts';

const PART_BYTES = 1 << 20;

/** A whole file to write, or a piece of one. */
export type BasePart = { readonly name: string; readonly offset: number; readonly data: Buffer };

/** Files beside a clone that tell what it was made of (`base.write` and `base.read`). */
export type BaseStore = {
  /** Cuts the file at the offset and appends; repeating it changes nothing. */
  write(part: BasePart): Promise<void>;
  /** A file's bytes from `offset` on, at most `bytes` of them; nothing when there is no such file. */
  read(name: string, range?: { offset?: number; bytes?: number }): AsyncGenerator<Buffer>;
};

export function createBaseStore(client: AgentClient, on: { patience: () => Patience; signal: AbortSignal }): BaseStore {
  const { signal } = on;
  return {
    async write({ name, offset, data }) {
      const frames: Buffer[][] = [];
      for (let at = 0; at < data.length || at === 0; at += PART_BYTES)
        frames.push(encodeFrame('F', {}, data.subarray(at, at + PART_BYTES)));
      await on.patience().keep(async () => {
        for await (const _ of client.call('base.write', { name, offset }, { frames, signal }));
      });
    },
    async *read(name, { offset = 0, bytes = Number.POSITIVE_INFINITY } = {}) {
      const patience = on.patience();
      const end = offset + bytes;
      let at = offset;
      for (let done = false; !done && at < end; ) {
        const args = { name, offset: at, ...(Number.isFinite(end) && { budgetBytes: end - at }) };
        const slice = await patience.keep(() => readSlice(client, args, signal));
        yield slice.data.subarray(0, end - at);
        at += slice.data.length;
        done = slice.done || slice.data.length === 0;
      }
    },
  };
}

async function readSlice(client: AgentClient, args: object, signal: AbortSignal): Promise<{ data: Buffer; done: boolean }> {
  const parts: Buffer[] = [];
  let done = false;
  for await (const frame of client.call('base.read', args, { signal })) {
    if (frame.kind === 'F') parts.push(frame.data);
    if (frame.kind === 'E') done = frame.meta['done'] === true;
  }
  return { data: Buffer.concat(parts), done };
}

/** All bytes of a file; undefined when there is none or it is empty. */
export async function readWhole(store: BaseStore, name: string): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  for await (const part of store.read(name)) parts.push(part);
  const whole = Buffer.concat(parts);
  return whole.length === 0 ? undefined : whole;
}

/** A range of a file's bytes; shorter where the file ends. */
export async function readPart(store: BaseStore, name: string, range: { offset: number; bytes: number }): Promise<Buffer> {
  const parts: Buffer[] = [];
  if (range.bytes > 0) for await (const part of store.read(name, range)) parts.push(part);
  return Buffer.concat(parts);
}
