const PLACE = '{id}';

/**
 * The address of a clone, without trailing slash: a path below `clonesUrl`, or a host of its own where that says
 * `https://{id}.clones.example`.
 */
export function cloneAddress(clonesUrl: string, cloneId: string): string {
  const base = clonesUrl.replace(/\/+$/, '');
  return base.includes(PLACE) ? base.replace(PLACE, cloneId) : `${base}/${cloneId}`;
}

/** What stands where a clone's address has its id; undefined for another address. The address has no trailing slash. */
export function idInAddress(clonesUrl: string, address: string): string | undefined {
  const [before = '', after = ''] = cloneAddress(clonesUrl, PLACE).split(PLACE);
  if (!address.startsWith(before) || !address.endsWith(after) || address.length <= before.length + after.length) return undefined;
  return address.slice(before.length, address.length - after.length);
}
