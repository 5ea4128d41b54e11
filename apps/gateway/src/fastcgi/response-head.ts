const MAX_HEAD_BYTES = 256 * 1024;

export type ResponseHead = { readonly status: number; readonly headers: readonly (readonly [string, string])[] };

/**
 * Finds the end of a CGI response's header block (RFC 3875 §6) in bytes that arrive in parts.
 * The answered function returns undefined until the block is complete.
 * @throws Error when the block is longer than 256 KiB.
 */
export function createHeadReader(): (chunk: Buffer) => { head: ResponseHead; rest: Buffer } | undefined {
  let seen = Buffer.alloc(0);
  return (chunk) => {
    seen = Buffer.concat([seen, chunk]);
    const end = endOfHead(seen);
    if (end === undefined) {
      if (seen.length > MAX_HEAD_BYTES) throw new Error('the header block of the answer does not end');
      return undefined;
    }
    return { head: parseHead(seen.subarray(0, end.at).toString('latin1')), rest: seen.subarray(end.at + end.bytes) };
  };
}

/** PHP ends lines with CRLF; scripts behind other CGIs may use a bare LF. */
function endOfHead(bytes: Buffer): { at: number; bytes: number } | undefined {
  const crlf = bytes.indexOf('\r\n\r\n');
  const lf = bytes.indexOf('\n\n');
  if (crlf >= 0 && (lf < 0 || crlf < lf)) return { at: crlf, bytes: 4 };
  return lf >= 0 ? { at: lf, bytes: 2 } : undefined;
}

function parseHead(text: string): ResponseHead {
  let status: number | undefined;
  const headers: [string, string][] = [];
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const [name, value] = [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
    else headers.push([name, value]);
  }
  const redirects = headers.some(([name]) => name.toLowerCase() === 'location');
  const fallback = redirects ? 302 : 200;
  return { status: status !== undefined && status >= 200 && status <= 599 ? status : fallback, headers };
}
