/**
 * The records of FastCGI 1.0 (FastCGI Specification, Open Market 1996, §3 and §8), for one request per connection.
 */
const VERSION = 1;
const REQUEST_ID = 1;
const HEADER_BYTES = 8;
const MAX_CONTENT_BYTES = 0xffff;
const TYPE = { begin: 1, end: 3, params: 4, stdin: 5, stdout: 6, stderr: 7 } as const;
const ROLE_RESPONDER = 1;

/** Begins a request as responder; the application closes the connection when it is done. */
export function encodeBegin(): Buffer {
  return record(TYPE.begin, Buffer.from([0, ROLE_RESPONDER, 0, 0, 0, 0, 0, 0]));
}

/** The whole PARAMS stream with its end. */
export function encodeParams(params: Readonly<Record<string, string>>): Buffer {
  const pairs: Buffer[] = [];
  for (const [name, value] of Object.entries(params)) {
    const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value, 'latin1')];
    pairs.push(length(nameBytes.length), length(valueBytes.length), nameBytes, valueBytes);
  }
  return Buffer.concat([...split(TYPE.params, Buffer.concat(pairs)), record(TYPE.params, Buffer.alloc(0))]);
}

/** A part of the request's body. An empty chunk would end the stream: use `encodeStdinEnd`. */
export function encodeStdin(chunk: Buffer): Buffer[] {
  return split(TYPE.stdin, chunk);
}

/** The end of the request's body. */
export function encodeStdinEnd(): Buffer {
  return record(TYPE.stdin, Buffer.alloc(0));
}

export type RecordSink = {
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
  /** @param protocolStatus 0 for a request that was handled */
  end(protocolStatus: number): void;
};

/** Answers a function that takes the connection's bytes as they come and calls the sink; content is not copied. */
export function createRecordDecoder(sink: RecordSink): (chunk: Buffer) => void {
  let header = Buffer.alloc(0);
  let end = Buffer.alloc(0);
  let type = 0;
  let contentLeft = 0;
  let paddingLeft = 0;

  function takeHeader(chunk: Buffer): Buffer {
    const missing = HEADER_BYTES - header.length;
    header = Buffer.concat([header, chunk.subarray(0, missing)]);
    if (header.length === HEADER_BYTES) {
      type = header.readUInt8(1);
      contentLeft = header.readUInt16BE(4);
      paddingLeft = header.readUInt8(6);
      header = Buffer.alloc(0);
    }
    return chunk.subarray(missing);
  }

  function takeContent(chunk: Buffer): Buffer {
    const content = chunk.subarray(0, contentLeft);
    contentLeft -= content.length;
    if (type === TYPE.stdout) sink.stdout(content);
    else if (type === TYPE.stderr) sink.stderr(content);
    else if (type === TYPE.end) {
      end = Buffer.concat([end, content]);
      if (contentLeft === 0) sink.end(end[4] ?? 0);
    }
    return chunk.subarray(content.length);
  }

  return (chunk) => {
    let rest = chunk;
    while (rest.length > 0) {
      if (contentLeft > 0) rest = takeContent(rest);
      else if (paddingLeft > 0) {
        const skipped = Math.min(paddingLeft, rest.length);
        paddingLeft -= skipped;
        rest = rest.subarray(skipped);
      } else rest = takeHeader(rest);
    }
  };
}

function split(type: number, content: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let offset = 0; offset < content.length; offset += MAX_CONTENT_BYTES) {
    const part = content.subarray(offset, offset + MAX_CONTENT_BYTES);
    records.push(recordHeader(type, part.length), part);
  }
  return records;
}

function record(type: number, content: Buffer): Buffer {
  return Buffer.concat([recordHeader(type, content.length), content]);
}

function recordHeader(type: number, contentBytes: number): Buffer {
  return Buffer.from([VERSION, type, 0, REQUEST_ID, contentBytes >> 8, contentBytes & 0xff, 0, 0]);
}

function length(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.from([bytes]);
  const long = Buffer.alloc(4);
  // The top bit says that the length takes four bytes.
  long.writeUInt32BE((bytes | 0x8000_0000) >>> 0);
  return long;
}
