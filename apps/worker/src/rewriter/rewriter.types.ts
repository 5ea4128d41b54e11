/** One address of the source and what it becomes. Hosts compare without case, paths with. */
export type UrlMapping = {
  /** Without trailing slash, e.g. `https://shop.example/blog`. Both schemes of `from` become the scheme of `to`. */
  readonly from: string;
  readonly to: string;
};

/** One absolute path on the source's disk and what it becomes; both without trailing slash. */
export type PathMapping = { readonly from: string; readonly to: string };

export type RewriteMap = { readonly urls: readonly UrlMapping[]; readonly paths: readonly PathMapping[] };

export type RewriteResult = {
  /** The same Buffer when nothing was replaced. */
  readonly bytes: Buffer;
  readonly replacements: number;
};

/** Replaces addresses and paths in bytes of any encoding the field uses; every other byte stays. */
export type Rewriter = {
  /** Cheap over-approximation: false means that `rewrite` would change nothing. */
  mayContain(bytes: Buffer): boolean;
  rewrite(bytes: Buffer): RewriteResult;
  /** The map that undoes this one. */
  readonly inverse: RewriteMap;
};
