import type { Frame } from '@wcr/shared/contracts/agent-frames';
import { AppError } from '@wcr/shared/errors/app-error';
import { z } from 'zod';
import { pathFromWire } from './index-codec.ts';

/** Parsed, a text takes about ten times its length. */
const MAX_JSON_BYTES = 32 << 20;

const count = z.int().nonnegative();

/** Bytes of a file at an offset; `error` when the file went away or cannot be read. */
export type FilePart = {
  readonly path: string;
  readonly offset: number;
  readonly data: Buffer;
  readonly eof: boolean;
  readonly size: number;
  readonly mtime: number;
  readonly mode: number;
  readonly error?: string;
};

const PartMeta = z.union([
  z.object({ path: z.string(), error: z.string() }),
  z.object({ path: z.string(), offset: count, eof: z.boolean(), size: count, mtime: z.int(), mode: count }),
]);
const RowsMeta = z.object({ rows: count, cursor: z.string() });
const Skipped = z.array(z.object({ path: z.string(), reason: z.string() }));

/**
 * The value of the `J` frame: its description, or its data when it is too large for that.
 * @throws AppError `agent.malformed`
 */
export function jsonOf(frames: readonly Frame[]): unknown {
  const frame = frames.find((candidate) => candidate.kind === 'J');
  if (frame === undefined) return {};
  if (frame.data.length === 0) return frame.meta;
  if (frame.data.length > MAX_JSON_BYTES) throw new AppError('agent.malformed', { reason: 'its JSON is too long' });
  try {
    return JSON.parse(frame.data.toString('utf8'));
  } catch (cause) {
    throw new AppError('agent.malformed', { reason: 'its JSON cannot be read' }, { cause });
  }
}

/** @throws AppError `agent.malformed` naming the field. */
export function parseAnswer<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AppError('agent.malformed', { reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unexpected answer'}` });
}

/** An agent that answers without an end and without anything new would be asked for ever. */
export function noProgress(): AppError {
  return new AppError('agent.malformed', { reason: 'an answer brought nothing new' });
}

/** What an `F` frame brings. @throws AppError `agent.malformed` */
export function filePartOf({ meta, data }: Frame): FilePart {
  const parsed = parseAnswer(PartMeta, meta);
  const path = pathFromWire(parsed.path);
  if ('error' in parsed) return { path, offset: 0, data: NOTHING, eof: true, size: 0, mtime: 0, mode: 0, error: parsed.error };
  return { ...parsed, path, data };
}

const NOTHING = Buffer.alloc(0);

/** What an `R` frame says of its rows. @throws AppError `agent.malformed` */
export function rowsMetaOf({ meta }: Frame): { rows: number; cursor: string } {
  return parseAnswer(RowsMeta, meta);
}

/** The cursor an answer's end names. @throws AppError `agent.malformed` when there is none */
export function cursorOf(end: Readonly<Record<string, unknown>>): string {
  return parseAnswer(z.string(), end['cursor']);
}

/** What an index page left out. @throws AppError `agent.malformed` */
export function skippedOf(end: Readonly<Record<string, unknown>>): z.infer<typeof Skipped> {
  const list = parseAnswer(Skipped, end['skipped'] ?? []);
  return list.map(({ path, reason }) => ({ path: pathFromWire(path), reason }));
}
