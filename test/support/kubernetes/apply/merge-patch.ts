import { type Fields, isFields, isSame } from '../storage/kube-object.ts';
import { itemKey, type ListTopology, type Topology } from './topology.ts';

/** The value after an RFC 7386 patch: `null` removes a field, lists are replaced. */
export function applyMergePatch(value: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const merged: Fields = isFields(value) ? { ...value } : {};
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) delete merged[name];
    else merged[name] = applyMergePatch(merged[name], change);
  }
  return merged;
}

/** The value after a strategic merge patch: as a merge patch, but well-known lists are merged by their first key. */
export function applyStrategicPatch(value: unknown, patch: unknown, topology: Topology, names: readonly string[] = []): unknown {
  if (Array.isArray(patch)) return mergeItems(Array.isArray(value) ? value : [], patch, topology, names);
  if (!isFields(patch)) return patch;
  const { $patch: directive, $retainKeys: retained, ...changes } = patch;
  if (directive === 'replace') return changes;
  if (directive === 'delete') return {};
  const merged: Fields = isFields(value) ? retain(value, retained) : {};
  for (const [name, change] of Object.entries(changes)) mergeField(merged, name, change, topology, names);
  return merged;
}

function mergeField(merged: Fields, name: string, change: unknown, topology: Topology, names: readonly string[]): void {
  const removed = '$deleteFromPrimitiveList/';
  if (name.startsWith(removed)) {
    const list = merged[name.slice(removed.length)];
    const goes = Array.isArray(change) ? change : [];
    if (Array.isArray(list)) merged[name.slice(removed.length)] = list.filter((value) => !goes.includes(value));
  } else if (name.startsWith('$setElementOrder/')) return;
  else if (change === null) delete merged[name];
  else merged[name] = applyStrategicPatch(merged[name], change, topology, [...names, name]);
}

function retain(value: Fields, retained: unknown): Fields {
  if (!Array.isArray(retained)) return { ...value };
  return Object.fromEntries(Object.entries(value).filter(([name]) => retained.includes(name)));
}

function mergeItems(
  items: readonly unknown[],
  patch: readonly unknown[],
  topology: Topology,
  names: readonly string[],
): unknown[] {
  const list = topology.list(names);
  if (patch.some((item) => isFields(item) && item['$patch'] === 'replace')) {
    return patch.filter((item) => !isFields(item) || item['$patch'] === undefined);
  }
  if (list.type === 'atomic') return [...patch];
  if (list.type === 'set') return [...items, ...patch.filter((value) => !items.some((item) => isSame(item, value)))];
  // Strategic merge knows one key only: two ports with one number and two protocols are the same to it.
  const byFirst: ListTopology & { type: 'map' } = { ...list, keys: list.keys.slice(0, 1) };
  return mergeKeyed(items, patch, byFirst, topology, names);
}

function mergeKeyed(
  items: readonly unknown[],
  patch: readonly unknown[],
  list: ListTopology & { type: 'map' },
  topology: Topology,
  names: readonly string[],
): unknown[] {
  const keyOf = (item: unknown) => (isFields(item) ? itemKey(item, list) : '');
  const changes = new Map(patch.map((item) => [keyOf(item), item]));
  const merged = items.flatMap((item) => {
    const change = changes.get(keyOf(item));
    changes.delete(keyOf(item));
    if (change === undefined) return [item];
    return isDeletion(change) ? [] : [applyStrategicPatch(item, change, topology, names)];
  });
  return [...merged, ...[...changes.values()].filter((item) => !isDeletion(item))];
}

function isDeletion(item: unknown): boolean {
  return isFields(item) && item['$patch'] === 'delete';
}
