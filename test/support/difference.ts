export type Difference = {
  readonly kind: 'table' | 'structure' | 'row' | 'leak' | 'file' | 'bytes' | 'mode';
  readonly where: string;
  readonly detail: string;
};

/**
 * Makes values of both sides comparable: what was rewritten in the clone is undone, and the source's own spellings of its
 * address (`HTTP://`, the other scheme) become the one that undoing gives.
 */
export type Neutralise = { source(bytes: Buffer): Buffer; clone(bytes: Buffer): Buffer };
