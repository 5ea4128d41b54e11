import { type Fields, isFields } from '../storage/kube-object.ts';
import { itemKey, type Topology } from './topology.ts';

/** Elements of a field's path as in fieldsV1 (`f:name`, `k:{…}`, `v:…`), joined by SEPARATOR. */
export type FieldPath = string;

export const SEPARATOR = '\n';

/** Stands for the mere presence of an item of a keyed list. */
export const PRESENT = Symbol('present');

/** Nobody owns what the server itself gives an object. */
const SYSTEM_FIELDS = new Set([
  ...['name', 'namespace', 'generateName', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'selfLink'],
  ...['deletionTimestamp', 'deletionGracePeriodSeconds', 'managedFields'],
]);

/** Every leaf of an object with its value. Items of keyed lists are leaves too, with the value PRESENT. */
export function fieldValuesOf(object: Fields, topology: Topology): Map<FieldPath, unknown> {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...fields } = object;
  const own = Object.entries(isFields(metadata) ? metadata : {}).filter(([name]) => !SYSTEM_FIELDS.has(name));
  const values = new Map<FieldPath, unknown>();
  const collector = { topology, values };
  collectFields(collector, fields, [], []);
  collectFields(collector, Object.fromEntries(own), ['f:metadata'], ['metadata']);
  return values;
}

type Collector = { readonly topology: Topology; readonly values: Map<FieldPath, unknown> };

function collect(collector: Collector, value: unknown, path: readonly string[], names: readonly string[]): void {
  if (Array.isArray(value) && value.length > 0) collectItems(collector, value, path, names);
  else if (isFields(value) && Object.keys(value).length > 0 && !collector.topology.isAtomicMap(names)) {
    collectFields(collector, value, path, names);
  } else collector.values.set(path.join(SEPARATOR), value);
}

function collectFields(collector: Collector, fields: Fields, path: readonly string[], names: readonly string[]): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) collect(collector, value, [...path, `f:${name}`], [...names, name]);
  }
}

function collectItems(collector: Collector, items: unknown[], path: readonly string[], names: readonly string[]): void {
  const list = collector.topology.list(names);
  if (list.type === 'atomic') {
    collector.values.set(path.join(SEPARATOR), items);
    return;
  }
  for (const item of items) {
    if (list.type === 'set' || !isFields(item)) {
      collector.values.set([...path, `v:${JSON.stringify(item)}`].join(SEPARATOR), item);
      continue;
    }
    const itemPath = [...path, `k:${itemKey(item, list)}`];
    collector.values.set(itemPath.join(SEPARATOR), PRESENT);
    collectFields(collector, item, itemPath, names);
  }
}

/** The nested form that objects carry: leaves are empty objects, `.` marks what is a leaf and has fields below. */
export function toFieldsV1(paths: Iterable<FieldPath>): Fields {
  const root: Fields = {};
  const branches = [...paths].sort();
  for (const path of branches) {
    let at = root;
    for (const element of path.split(SEPARATOR)) at = childOf(at, element);
    at['.'] = {};
  }
  dropLeafMarks(root);
  return root;
}

function childOf(node: Fields, element: string): Fields {
  const child = (node[element] ?? {}) as Fields;
  node[element] = child;
  return child;
}

function dropLeafMarks(node: Fields): void {
  for (const child of Object.values(node) as Fields[]) {
    if (Object.keys(child).length === 1 && '.' in child) delete child['.'];
    dropLeafMarks(child);
  }
}

/** The inverse of toFieldsV1. */
export function fromFieldsV1(node: Fields, path: readonly string[] = []): FieldPath[] {
  const children = Object.entries(node);
  if (children.length === 0) return path.length === 0 ? [] : [path.join(SEPARATOR)];
  return children.flatMap(([element, child]) =>
    element === '.' ? [path.join(SEPARATOR)] : fromFieldsV1(isFields(child) ? child : {}, [...path, element]),
  );
}

/** A path as people read it: `.spec.template.spec.containers[name="web"].image`. */
export function describePath(path: FieldPath): string {
  return path
    .split(SEPARATOR)
    .map((element) => {
      const [text, form] = [element.slice(2), element.slice(0, 2)];
      if (form === 'f:') return `.${text}`;
      if (form === 'v:') return `[=${text}]`;
      const keys = Object.entries(JSON.parse(text) as Fields).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
      return `[${keys.join(',')}]`;
    })
    .join('');
}
