/**
 * One replacement: the bytes from `start` up to `end` become `text`. Texts here are "byte strings": one char per byte
 * (latin1), so that positions are byte positions and nothing is ever decoded as UTF-8.
 */
export type Edit = {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Addresses and paths replaced by this edit; 0 for repaired lengths. */
  readonly hits: number;
};

/** Sorts by position and, where edits overlap, keeps the leftmost and of those the longest. */
export function withoutOverlaps(edits: Edit[]): Edit[] {
  const sorted = edits.sort((a, b) => a.start - b.start || b.end - a.end);
  let reached = -1;
  return sorted.filter((edit) => {
    if (edit.start < reached) return false;
    reached = edit.end;
    return true;
  });
}

/** How many edits start before `position`; `edits` is sorted. */
export function countBefore(edits: readonly Edit[], position: number): number {
  let low = 0;
  let high = edits.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edits[middle] as Edit).start < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The bytes with all edits (sorted, not overlapping) applied. */
export function spliceBytes(bytes: Buffer, edits: readonly Edit[]): Buffer {
  const growth = edits.reduce((sum, edit) => sum + edit.text.length - (edit.end - edit.start), 0);
  const out = Buffer.allocUnsafe(bytes.length + growth);
  let from = 0;
  let to = 0;
  for (const edit of edits) {
    to += bytes.copy(out, to, from, edit.start);
    to += out.write(edit.text, to, 'latin1');
    from = edit.end;
  }
  bytes.copy(out, to, from);
  return out;
}

/** Like {@link spliceBytes} for byte strings. */
export function spliceText(text: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let from = 0;
  for (const edit of edits) {
    parts.push(text.slice(from, edit.start), edit.text);
    from = edit.end;
  }
  parts.push(text.slice(from));
  return parts.join('');
}
