import { isCustom, type Kind } from '../kinds/kind.ts';
import type { JsonSchema } from '../validation/json-schema.ts';

/** How the items of a list are told apart: by fields, by their value, or not at all (the list is one value). */
export type ListTopology =
  | { readonly type: 'map'; readonly keys: readonly string[]; readonly defaults: Readonly<Record<string, unknown>> }
  | { readonly type: 'set' }
  | { readonly type: 'atomic' };

/** Which parts of a kind's objects are merged and which are replaced as a whole. Paths are field names; list items do not count. */
export type Topology = {
  list(path: readonly string[]): ListTopology;
  isAtomicMap(path: readonly string[]): boolean;
};

const ATOMIC: ListTopology = { type: 'atomic' };

/** The associative lists of the built-in kinds, by the end of their path. */
const KEYED_LISTS: readonly (readonly [
  pattern: RegExp,
  keys: readonly string[],
  defaults?: Readonly<Record<string, unknown>>,
])[] = [
  [/(^|\.)(containers|initContainers|ephemeralContainers|volumes|env|imagePullSecrets|secrets|containerStatuses)$/, ['name']],
  [/(ontainers)\.ports$/, ['containerPort', 'protocol'], { protocol: 'TCP' }],
  [/^spec\.ports$/, ['port', 'protocol'], { protocol: 'TCP' }],
  [/(^|\.)volumeMounts$/, ['mountPath']],
  [/(^|\.)volumeDevices$/, ['devicePath']],
  [/(^|\.)hostAliases$/, ['ip']],
  [/(^|\.)topologySpreadConstraints$/, ['topologyKey', 'whenUnsatisfiable']],
  [/^status\.(conditions)$/, ['type']],
  [/^status\.podIPs$/, ['ip']],
  [/^metadata\.ownerReferences$/, ['uid']],
];

const ATOMIC_MAPS =
  /(^|\.)(selector|labelSelector|podSelector|namespaceSelector|nodeSelector|secretKeyRef|configMapKeyRef|fieldRef|resourceFieldRef|secretRef|configMapRef|roleRef|involvedObject|claimRef|resource|podIPs)$/;

/** @param kind a built-in kind by its well-known lists, a custom one by the marks of its schema */
export function topologyOf(kind: Kind): Topology {
  return isCustom(kind) ? ofSchema(kind.schema) : BUILTIN;
}

const BUILTIN: Topology = {
  list(path) {
    const text = path.join('.');
    if (text === 'metadata.finalizers') return { type: 'set' };
    const found = KEYED_LISTS.find(([pattern]) => pattern.test(text));
    // The addresses of a balancer and conditions of ingresses are replaced as a whole.
    return found === undefined ? ATOMIC : { type: 'map', keys: found[1], defaults: found[2] ?? {} };
  },
  isAtomicMap: (path) => path.length > 1 && ATOMIC_MAPS.test(path.join('.')),
};

function ofSchema(schema: JsonSchema | undefined): Topology {
  return {
    list(path) {
      if (path[0] === 'metadata') return BUILTIN.list(path);
      const found = descend(schema, path);
      if (found?.['x-kubernetes-list-type'] === 'set') return { type: 'set' };
      const keys = found?.['x-kubernetes-list-map-keys'];
      if (found?.['x-kubernetes-list-type'] !== 'map' || keys === undefined) return ATOMIC;
      const defaults = Object.fromEntries(keys.map((key) => [key, found.items?.properties?.[key]?.default]));
      return { type: 'map', keys, defaults };
    },
    isAtomicMap: (path) => descend(schema, path)?.['x-kubernetes-map-type'] === 'atomic',
  };
}

function descend(schema: JsonSchema | undefined, path: readonly string[]): JsonSchema | undefined {
  let at = schema;
  for (const name of path) {
    while (at?.items !== undefined) at = at.items;
    const more = typeof at?.additionalProperties === 'object' ? at.additionalProperties : undefined;
    at = at?.properties?.[name] ?? more;
  }
  return at;
}

/** The key of an item of a keyed list, in the form of the API: its key fields as JSON, sorted by name. */
export function itemKey(item: Readonly<Record<string, unknown>>, topology: ListTopology & { type: 'map' }): string {
  const fields = topology.keys.toSorted().map((key) => [key, item[key] ?? topology.defaults[key]]);
  return JSON.stringify(Object.fromEntries(fields.filter(([, value]) => value !== undefined)));
}
