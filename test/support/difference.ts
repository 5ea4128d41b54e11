export type Difference = {
  readonly kind: 'table' | 'structure' | 'row' | 'leak' | 'file' | 'bytes' | 'mode';
  readonly where: string;
  readonly detail: string;
};

/** Undoes the rewriting of addresses and paths in one value or file of the clone. */
export type Neutralise = (bytes: Buffer) => Buffer;
