import { type Fields, isFields, isSame } from '../storage/kube-object.ts';
import { type FieldPath, SEPARATOR } from './field-values.ts';
import { itemKey, type ListTopology, type Topology } from './topology.ts';

/** What is there with everything of an applied configuration on top; neither is changed. */
export function mergeApplied(live: unknown, applied: unknown, topology: Topology, names: readonly string[] = []): unknown {
  if (isFields(applied) && isFields(live) && !topology.isAtomicMap(names)) {
    const merged: Fields = { ...live };
    for (const [name, value] of Object.entries(applied)) {
      merged[name] = mergeApplied(live[name], value, topology, [...names, name]);
    }
    return merged;
  }
  if (Array.isArray(applied) && Array.isArray(live)) return mergeLists(live, applied, topology, names);
  return applied;
}

function mergeLists(live: unknown[], applied: unknown[], topology: Topology, names: readonly string[]): unknown[] {
  const list = topology.list(names);
  if (list.type === 'atomic') return applied;
  if (list.type === 'set') return [...live, ...applied.filter((value) => !live.some((known) => isSame(known, value)))];
  const keyOf = (item: unknown) => (isFields(item) ? itemKey(item, list) : '');
  const wanted = new Map(applied.map((item) => [keyOf(item), item]));
  const kept = live.map((item) => {
    const more = wanted.get(keyOf(item));
    wanted.delete(keyOf(item));
    return more === undefined ? item : mergeApplied(item, more, topology, names);
  });
  return [...kept, ...wanted.values()];
}

/** Takes one field or list item out of an object, and what is empty after that. The object is changed. */
export function removePath(object: Fields, path: FieldPath, topology: Topology): void {
  removeAt(object, path.split(SEPARATOR), topology, []);
}

function removeAt(node: unknown, path: readonly string[], topology: Topology, names: readonly string[]): void {
  const [element = '', ...rest] = path;
  if (Array.isArray(node)) {
    const list = topology.list(names);
    const index = node.findIndex((item) => elementOf(item, list) === element);
    if (index < 0) return;
    if (rest.length === 0) node.splice(index, 1);
    else removeAt(node[index], rest, topology, names);
    return;
  }
  if (!isFields(node)) return;
  const name = element.slice(2);
  if (rest.length === 0) {
    delete node[name];
    return;
  }
  removeAt(node[name], rest, topology, [...names, name]);
  if (isEmpty(node[name])) delete node[name];
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isFields(value) && Object.keys(value).length === 0;
}

function elementOf(item: unknown, list: ListTopology): string {
  if (list.type === 'map' && isFields(item)) return `k:${itemKey(item, list)}`;
  return `v:${JSON.stringify(item)}`;
}
