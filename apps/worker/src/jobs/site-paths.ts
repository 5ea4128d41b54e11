/** An address or folder without slashes at its end. */
export function trimSlash(text: string): string {
  return text.replace(/\/+$/, '');
}

/** A folder of a site relative to the site's root, without slashes at the ends; one that lies elsewhere as it is. */
export function relativeTo(root: string, path: string): string {
  const base = `${trimSlash(root)}/`;
  return path.startsWith(base) ? trimSlash(path.slice(base.length)) : trimSlash(path);
}
