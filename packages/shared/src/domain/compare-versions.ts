/**
 * Orders two versions: numbers by value, a word (`beta`) before the release it belongs to.
 * @returns below 0 when `left` is the older one, 0 when they are equal
 */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [partsOf(left), partsOf(right)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = compareParts(a[index] ?? 0, b[index] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}

function partsOf(version: string): (number | string)[] {
  const parts = version.toLowerCase().match(/\d+|[a-z]+/g) ?? [];
  return parts.map((part) => (/^\d/.test(part) ? Number(part) : part));
}

function compareParts(left: number | string, right: number | string): number {
  if (typeof left === 'string' && typeof right === 'string') return left.localeCompare(right);
  if (typeof left === 'string') return -1;
  return typeof right === 'string' ? 1 : left - right;
}
