import { Ajv } from 'ajv';
import { evaluateTemplate, expressionsIn, mentions, type Scope } from '../kubernetes/addons/kro/expressions.ts';
import { unlessMissing } from '../kubernetes/addons/kro/resolve-node.ts';
import type { Manifest } from './manifest.ts';
import { readSimpleSchema } from './simple-schema.ts';
import { validateBySchema } from './validate-manifest.ts';

type Node = {
  readonly id: string;
  readonly template: unknown;
  readonly includeWhen?: readonly string[];
  readonly readyWhen?: readonly string[];
  readonly forEach?: readonly Readonly<Record<string, string>>[];
};
/** What a node of the graph has become: left out, waiting for another one, or objects and whether they are ready. */
export type NodeState =
  | { readonly is: 'left-out' }
  | { readonly is: 'waiting'; readonly reason: string }
  | { readonly is: 'made'; readonly objects: readonly Manifest[]; readonly ready: boolean };
export type Rendered = {
  readonly nodes: ReadonlyMap<string, NodeState>;
  readonly objects: readonly Manifest[];
  readonly status: Scope;
};
/** What the cluster says of objects, by their kind: merged into them. */
export type Observed = Readonly<Record<string, { readonly status: object }>>;

/**
 * Does with a graph and an instance what kro does: fills in defaults, evaluates expressions in the order of their references,
 * leaves out what depends on something left out, and waits for what is not ready.
 * @throws Error when the instance does not fit its schema, or an expression is wrong
 */
export function renderGraph(
  graph: Manifest,
  instance: { name: string; namespace: string; spec: object },
  observed: Observed,
): Rendered {
  const { schema, resources } = graph['spec'] as { schema: { spec: object; status: Scope }; resources: Node[] };
  const spec = withDefaults(schema.spec, instance.spec);
  const scope: Record<string, unknown> = { schema: { spec, metadata: { name: instance.name, namespace: instance.namespace } } };
  const nodes = new Map<string, NodeState>();
  for (const node of inOrder(resources)) {
    const state = makeNode(node, nodes, scope, observed);
    nodes.set(node.id, state);
    if (state.is === 'made') scope[node.id] = node.forEach ? state.objects : state.objects[0];
  }
  const objects = [...nodes.values()].flatMap((state) => (state.is === 'made' ? state.objects : []));
  return { nodes, objects, status: readStatus(schema.status, scope, nodes) };
}

/** An instance's spec with the defaults of its schema. @throws Error that names what does not fit */
export function withDefaults(fields: object, spec: object): object {
  const validator = new Ajv({ useDefaults: true, allErrors: true, strict: false }).compile(
    readSimpleSchema(fields as Parameters<typeof readSimpleSchema>[0]),
  );
  const filled = structuredClone(spec);
  const problems = validateBySchema(filled, validator);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return filled;
}

function makeNode(node: Node, nodes: ReadonlyMap<string, NodeState>, scope: Scope, observed: Observed): NodeState {
  const before = referencesOf(node, nodes.keys()).map((id) => ({ id, state: nodes.get(id) }));
  if (before.some(({ state }) => state?.is === 'left-out') || !holdsAll(node.includeWhen, scope)) return { is: 'left-out' };
  const awaited = before.find(({ state }) => state?.is === 'waiting' || (state?.is === 'made' && !state.ready));
  if (awaited) return { is: 'waiting', reason: `${awaited.id} is not ready` };
  const filled = scopesOf(node, scope).map((each) => evaluateTemplate(node.template, each) as Manifest);
  const objects = filled.map((object) => ({ ...object, ...observed[object.kind] }));
  const ready = objects.every((object) => holdsAll(node.readyWhen, { [node.id]: object, each: object }));
  return { is: 'made', objects, ready };
}

/** One scope for a single object; one for each element of a collection. */
function scopesOf({ forEach }: Node, scope: Scope): Scope[] {
  if (!forEach) return [scope];
  let scopes = [scope];
  for (const [variable, list] of forEach.flatMap((entry) => Object.entries(entry))) {
    scopes = scopes.flatMap((each) => (only(list, each) as unknown[]).map((value) => ({ ...each, [variable]: value })));
  }
  return scopes;
}

function holdsAll(conditions: readonly string[] = [], scope: Scope): boolean {
  return conditions.every((condition) => (unlessMissing(() => only(condition, scope)) ?? false) === true);
}

/** The value of a text that is one expression and nothing else. */
function only(text: string, scope: Scope): unknown {
  const [expression] = expressionsIn(text);
  if (expression === undefined || text !== `\${${expression}}`) throw new Error(`not one expression: ${text}`);
  return evaluateTemplate(text, scope);
}

function referencesOf(node: Node, ids: Iterable<string>): string[] {
  const expressions = expressionsIn([node.template, node.includeWhen, node.forEach]);
  return [...ids].filter((id) => expressions.some((expression) => mentions(expression, id)));
}

function inOrder(resources: readonly Node[]): Node[] {
  const ids = resources.map(({ id }) => id);
  const ordered: Node[] = [];
  while (ordered.length < resources.length) {
    const done = ordered.map(({ id }) => id);
    const next = resources.find((node) => !ordered.includes(node) && referencesOf(node, ids).every((id) => done.includes(id)));
    if (!next) throw new Error('the graph has a circle');
    ordered.push(next);
  }
  return ordered;
}

/** A field of the status is there once all it speaks of is. */
function readStatus(fields: Scope, scope: Scope, nodes: ReadonlyMap<string, NodeState>): Scope {
  const isMade = (id: string) => nodes.get(id)?.is === 'made';
  const entries = Object.entries(fields).filter(([, text]) =>
    expressionsIn(text).every((expression) => [...nodes.keys()].every((id) => !mentions(expression, id) || isMade(id))),
  );
  return Object.fromEntries(entries.map(([name, text]) => [name, unlessMissing(() => evaluateTemplate(text, scope))]));
}
