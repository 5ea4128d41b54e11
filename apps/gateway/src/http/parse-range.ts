/** First and last byte, both included. */
export type Span = { readonly start: number; readonly end: number };

/**
 * Reads a Range header with one range (RFC 9110 §14.1.2). Undefined when there is none, or one we do not serve: several
 * ranges, other units, nonsense; the whole file is then the right answer.
 */
export function parseRange(header: string | undefined, sizeBytes: number): Span | 'unsatisfiable' | undefined {
  const [whole, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (whole === undefined || (first === '' && last === '')) return undefined;
  if (first === '') return checked({ start: Math.max(0, sizeBytes - Number(last)), end: sizeBytes - 1 });
  if (last !== '' && Number(last) < Number(first)) return undefined;
  return checked({ start: Number(first), end: Math.min(last === '' ? Number.POSITIVE_INFINITY : Number(last), sizeBytes - 1) });
}

function checked(span: Span): Span | 'unsatisfiable' {
  return span.start > span.end ? 'unsatisfiable' : span;
}
