import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** What PHP takes at most (`post_max_size`). */
const LIMIT_BYTES = 128 * 1024 * 1024;

/** A request's body and its length, which CGI wants to know before the first byte. */
export type MeasuredBody = AsyncDisposable & { readonly stream: Readable | undefined; readonly bytes: number };

/**
 * Finds out how long a body is. One that is sent in chunks of unknown number is put into a file in `spoolDir` first, which
 * has no name and goes away with its handle.
 * @throws BodyTooLongError when such a body is longer than PHP would take.
 */
export async function measureBody(request: IncomingMessage, spoolDir: string): Promise<MeasuredBody> {
  const length = request.headers['content-length'];
  if (length !== undefined) return known(request, Number(length));
  if (request.headers['transfer-encoding'] === undefined) return known(request, 0);
  const file = await openNameless(spoolDir);
  try {
    const bytes = await spool(request, file);
    const stream = file.createReadStream({ start: 0, autoClose: false });
    return {
      bytes,
      stream,
      [Symbol.asyncDispose]: async () => {
        stream.destroy();
        await file.close();
      },
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A body of unknown length went beyond what PHP takes. */
export class BodyTooLongError extends Error {
  override readonly name = 'BodyTooLongError';
}

function known(request: IncomingMessage, bytes: number): MeasuredBody {
  return { stream: bytes > 0 ? request : undefined, bytes, [Symbol.asyncDispose]: async () => undefined };
}

async function spool(request: IncomingMessage, file: FileHandle): Promise<number> {
  let bytes = 0;
  // Destroying the request would take the connection with it, and the refusal could not be sent.
  const chunks: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > LIMIT_BYTES) throw new BodyTooLongError();
    await file.write(chunk);
  }
  return bytes;
}

async function openNameless(dir: string): Promise<FileHandle> {
  const path = join(dir, `body-${randomBytes(8).toString('hex')}`);
  const file = await open(path, 'wx+', 0o600);
  await rm(path);
  return file;
}
