type Tree = { readonly [field: string]: unknown };

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/**
 * Runs a check over a value, and tells which fields of it the check never looked at. The official schemas say what they know
 * and let everything else pass; a field that nobody looked at is one that they do not know, a misspelt one for example.
 */
export function findUnreadFields(value: Tree, check: (watched: Tree) => void): string[] {
  const read = new Set<string>();
  check(watch(value, '', read));
  return pathsOf(value, '').filter((path) => !read.has(path));
}

function watch(value: Tree, path: string, read: Set<string>): Tree {
  return new Proxy(value, {
    get(target, field, receiver) {
      const found: unknown = Reflect.get(target, field, receiver);
      if (typeof field === 'symbol') return found;
      const here = `${path}/${field}`;
      read.add(here);
      return isTree(found) ? watch(found, here, read) : found;
    },
  });
}

function pathsOf(value: Tree, path: string): string[] {
  return Object.entries(value).flatMap(([field, child]) => {
    const here = `${path}/${field}`;
    return isTree(child) ? [here, ...pathsOf(child, here)] : [here];
  });
}
