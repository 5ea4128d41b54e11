import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { FastCgiError, sendFastCgi } from '../fastcgi/fastcgi-client.ts';
import { CloneGoneError, type PhpPool } from '../php/php-pool.ts';
import { confineHeaders } from './confine-headers.ts';
import { BodyTooLongError, measureBody } from './measure-body.ts';
import { type PageName, sendPage } from './pages.ts';

export type ScriptRun = {
  readonly cloneId: string;
  readonly prefix: string;
  readonly door: 'site' | 'agent';
  readonly params: Readonly<Record<string, string>>;
  readonly idleMs: number;
  /** Where bodies of unknown length wait. */
  readonly spoolDir: string;
};

/**
 * Lets a clone's PHP answer a request. Failures become pages of ours; a visitor who leaves ends the script.
 * @throws Error when PHP cannot be started.
 */
export async function runScript(
  pool: PhpPool,
  request: IncomingMessage,
  response: ServerResponse,
  run: ScriptRun,
): Promise<void> {
  // Nobody is told of a visitor who left while the record was read, and PHP would wait for the rest of the body.
  if (response.destroyed) return;
  const left = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) left.abort();
  });
  try {
    await using body = await measureBody(request, run.spoolDir);
    await using lease = await pool.lease(run.cloneId, run.door);
    const params = { ...run.params, CONTENT_LENGTH: body.bytes > 0 ? String(body.bytes) : '' };
    const { idleMs } = run;
    const answer = await sendFastCgi(lease.socket, { params, body: body.stream, idleMs, signal: left.signal });
    const headers = confineHeaders(answer.headers, run.prefix);
    for (const [name, value] of headers) response.appendHeader(name, value);
    response.writeHead(answer.status);
    await pipeline(answer.body, response);
  } catch (error) {
    const page = pageOf(error);
    if (page === undefined) throw error;
    sendPage(response, page);
  }
}

function pageOf(error: unknown): PageName | undefined {
  if (error instanceof CloneGoneError) return 'gone';
  if (error instanceof BodyTooLongError) return 'large';
  if (error instanceof FastCgiError) return error.reason === 'timeout' ? 'slow' : 'failed';
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ABORT_ERR' ? 'failed' : undefined;
}
