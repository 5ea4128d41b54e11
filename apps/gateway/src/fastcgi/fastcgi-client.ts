import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { createRecordDecoder, encodeBegin, encodeParams, encodeStdin, encodeStdinEnd } from './records.ts';
import { createHeadReader, type ResponseHead } from './response-head.ts';

export type FastCgiRequest = {
  /** CGI variables; values are bytes in latin1, as Node gives headers. */
  readonly params: Readonly<Record<string, string>>;
  readonly body: Readable | undefined;
  /** The connection is cut after so many milliseconds in which PHP neither takes nor gives a byte. */
  readonly idleMs: number;
  /** Cuts the connection: PHP ends the script when it notices. */
  readonly signal: AbortSignal;
};

export type FastCgiResponse = ResponseHead & { readonly body: Readable };

/** Thrown when PHP did not answer as it should. */
export class FastCgiError extends Error {
  override readonly name = 'FastCgiError';
  readonly reason: 'timeout' | 'closed' | 'malformed';
  constructor(reason: FastCgiError['reason'], options: { cause?: unknown } = {}) {
    super(`PHP did not answer: ${reason}`, options);
    this.reason = reason;
  }
}

/**
 * Connects to PHP's socket.
 * @throws the system's error when nobody listens there.
 */
export function connectSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/**
 * Sends one request over a fresh connection and answers as soon as the headers are there. Bodies stream both ways with
 * back-pressure, so neither side's pace lets memory grow.
 * @throws FastCgiError
 */
export function sendFastCgi(socket: Socket, request: FastCgiRequest): Promise<FastCgiResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<FastCgiResponse>();
  let ended = false;
  const body = new Readable({
    read: () => {
      socket.resume();
    },
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  const fail = (error: FastCgiError): void => {
    if (ended) return;
    ended = true;
    reject(error);
    // Readers learn of a cut answer; before the headers there are none, and the error must not be thrown at nobody.
    body.on('error', () => undefined);
    body.destroy(error);
  };
  const readHead = createHeadReader();
  let headSeen = false;
  const takeStdout = (chunk: Buffer): void => {
    let content = chunk;
    if (!headSeen) {
      const found = readHead(chunk);
      if (found === undefined) return;
      headSeen = true;
      content = found.rest;
      resolve({ ...found.head, body });
    }
    if (content.length > 0 && !body.push(content)) socket.pause();
  };
  const decode = createRecordDecoder({
    stdout: takeStdout,
    stderr: () => undefined,
    end: (protocolStatus) => {
      if (protocolStatus !== 0 || !headSeen) return fail(new FastCgiError('malformed'));
      ended = true;
      body.push(null);
      socket.end();
    },
  });
  socket.on('data', (chunk: Buffer) => {
    try {
      decode(chunk);
    } catch (cause) {
      fail(new FastCgiError('malformed', { cause }));
    }
  });
  watchSocket(socket, request, { isReaderSlow: () => socket.isPaused(), fail });
  socket.write(Buffer.concat([encodeBegin(), encodeParams(request.params)]));
  pumpBody(request.body, socket);
  return promise;
}

function watchSocket(
  socket: Socket,
  request: FastCgiRequest,
  on: { isReaderSlow(): boolean; fail(error: FastCgiError): void },
): void {
  const abort = (): void => on.fail(new FastCgiError('closed'));
  socket.on('error', (cause) => on.fail(new FastCgiError('closed', { cause })));
  socket.on('end', abort);
  socket.on('close', () => {
    request.signal.removeEventListener('abort', abort);
    abort();
  });
  socket.setTimeout(request.idleMs, () => {
    // A visitor who reads slowly is not PHP's fault.
    if (!on.isReaderSlow()) on.fail(new FastCgiError('timeout'));
  });
  if (request.signal.aborted) abort();
  else request.signal.addEventListener('abort', abort, { once: true });
}

/** PHP may answer without reading the whole body; the rest is then thrown away, which is no error. */
function pumpBody(body: Readable | undefined, socket: Socket): void {
  if (body === undefined) {
    socket.write(encodeStdinEnd());
    return;
  }
  const take = (chunk: Buffer): void => {
    socket.cork();
    let open = true;
    for (const part of encodeStdin(chunk)) open = socket.write(part);
    socket.uncork();
    if (!open) body.pause();
  };
  const finish = (): void => {
    socket.write(encodeStdinEnd());
  };
  const resume = (): void => {
    body.resume();
  };
  body.on('data', take);
  body.once('end', finish);
  socket.on('drain', resume);
  socket.once('close', () => {
    body.off('data', take);
    body.off('end', finish);
    body.resume();
  });
}
