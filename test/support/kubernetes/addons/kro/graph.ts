import type { KindRegistry } from '../../kinds/kind.ts';
import { type Fields, isFields, type KubeObject } from '../../storage/kube-object.ts';
import type { JsonSchema } from '../../validation/json-schema.ts';
import { defineKind, type KindSketch } from '../define-kind.ts';
import { assertParses, expressionsIn, mentions } from './expressions.ts';
import { readSimpleSchema } from './simple-schema.ts';

/** A resource of a graph. With `forEach` it is a list of objects, one for each combination of values. */
export type GraphNode = {
  readonly id: string;
  readonly template: Fields;
  readonly readyWhen: readonly string[];
  readonly includeWhen: readonly string[];
  readonly forEach: readonly Readonly<Record<string, string>>[];
  readonly dependencies: readonly string[];
};

/** A definition of kro, understood. Nodes are in the order in which they are made. */
export type Graph = {
  readonly name: string;
  /** `group/plural` of its instances. */
  readonly resource: string;
  readonly sketch: KindSketch;
  readonly definition: Fields;
  readonly nodes: readonly GraphNode[];
  readonly status: Fields;
};

type RawSchema = {
  kind: string;
  apiVersion: string;
  group?: string;
  scope?: 'Namespaced' | 'Cluster';
  spec?: Fields;
  types?: Fields;
  status?: Fields;
};
type RawNode = Partial<GraphNode> & { id: string; externalRef?: Fields };

const RESERVED = new Set([
  ...[
    'apiVersion',
    'context',
    'dependency',
    'dependencies',
    'each',
    'externalRef',
    'externalRefs',
    'graph',
    'instance',
    'item',
    'items',
  ],
  ...['kind', 'kro', 'metadata', 'namespace', 'object', 'resource', 'resources', 'root', 'runtime', 'schema', 'self'],
  ...['serviceAccountName', 'spec', 'status', 'this', 'variables', 'vars', 'version'],
]);

/**
 * Simplified: types of expressions are not checked, and of `externalRef` nothing is understood.
 *
 * @throws Error saying what kro would not accept
 */
export function readGraph({ metadata, spec }: KubeObject, kinds: KindRegistry): Graph {
  const schema = spec?.['schema'] as RawSchema;
  const raw = (Array.isArray(spec?.['resources']) ? spec['resources'] : []) as RawNode[];
  for (const node of raw) assertNode(node, raw, kinds);
  const ids = raw.map(({ id }) => id);
  const nodes = raw.map((node) => ({
    readyWhen: [],
    includeWhen: [],
    forEach: [],
    template: {},
    ...node,
    dependencies: dependenciesOf(node, ids),
  }));
  const fields: JsonSchema = readSimpleSchema(schema.spec ?? {}, schema.types);
  const sketch: KindSketch = {
    ...{ group: schema.group ?? 'kro.run', version: schema.apiVersion, kind: schema.kind, plural: pluralOf(schema.kind) },
    ...{ scope: schema.scope ?? 'Namespaced', spec: fields },
  };
  assertParses(schema.status ?? {});
  const resource = `${sketch.group}/${sketch.plural}`;
  return {
    name: metadata.name,
    resource,
    sketch,
    definition: defineKind(sketch),
    nodes: inOrder(nodes),
    status: schema.status ?? {},
  };
}

function assertNode(node: RawNode, all: readonly RawNode[], kinds: KindRegistry): void {
  const { id, template, externalRef } = node;
  if (RESERVED.has(id) || !/^[a-z][a-zA-Z0-9]*$/.test(id)) throw new Error(`id ${id} is reserved or not lowerCamelCase`);
  if (all.filter((other) => other.id === id).length > 1) throw new Error(`found duplicate resource IDs ${id}`);
  if (externalRef !== undefined || template === undefined) throw new Error(`the stand-in knows no externalRef (${id})`);
  const { apiVersion, kind } = template;
  if (kinds.byKind(String(apiVersion), String(kind)) === undefined)
    throw new Error(`schema not found for ${apiVersion}, Kind=${kind}`);
  assertParses([template, node.readyWhen, node.includeWhen, node.forEach]);
  const foreign = all.find(
    (other) => other.id !== id && expressionsIn(node.readyWhen).some((expression) => mentions(expression, other.id)),
  );
  if (foreign !== undefined) throw new Error(`readyWhen of ${id} may only speak of ${id} itself, not of ${foreign.id}`);
  if (Object.keys(labelsOf(template)).some((name) => name.startsWith('kro.run/')))
    throw new Error(`labels kro.run/* are kro's own (${id})`);
}

function labelsOf({ metadata }: Fields): Fields {
  return isFields(metadata) && isFields(metadata['labels']) ? metadata['labels'] : {};
}

function dependenciesOf({ id, template, includeWhen, forEach }: RawNode, ids: readonly string[]): string[] {
  const expressions = expressionsIn([template, includeWhen, forEach]);
  return ids.filter((other) => other !== id && expressions.some((expression) => mentions(expression, other)));
}

/** As they stand, but none before what it depends on. */
function inOrder(nodes: readonly GraphNode[]): GraphNode[] {
  const sorted: GraphNode[] = [];
  while (sorted.length < nodes.length) {
    const isPlaced = (id: string) => sorted.some((node) => node.id === id);
    const next = nodes.find((node) => !isPlaced(node.id) && node.dependencies.every(isPlaced));
    if (next === undefined) throw new Error('graph contains a cycle');
    sorted.push(next);
  }
  return sorted;
}

function pluralOf(kind: string): string {
  const name = kind.toLowerCase();
  if (/[^aeiou]y$/.test(name)) return `${name.slice(0, -1)}ies`;
  return /(s|x|ch|sh)$/.test(name) ? `${name}es` : `${name}s`;
}
