import { type Actor, type Condition, type Controller, setConditions } from '../../controllers/controller.ts';
import { StatusError } from '../../http/status-error.ts';
import { resourceOf } from '../../kinds/kind.ts';
import type { Fields, KubeObject } from '../../storage/kube-object.ts';
import { keyOf, type ObjectKey } from '../../storage/object-store.ts';
import { timeOf } from '../../verbs/machinery.ts';
import type { Graph, GraphNode } from './graph.ts';
import { evaluateStatus, isIncluded, isNodeReady, resolveNode } from './resolve-node.ts';

const FINALIZER = 'kro.run/finalizer';
const LABELS = {
  name: 'kro.run/instance-name',
  namespace: 'kro.run/instance-namespace',
  graph: 'kro.run/resource-graph-definition-name',
  node: 'kro.run/node-id',
};
const DEFINITIONS = 'kro.run/resourcegraphdefinitions';

/** What a pass over an instance's graph came to. */
type Pass = {
  readonly actor: Actor;
  readonly graph: Graph;
  readonly instance: KubeObject;
  readonly scope: Record<string, unknown>;
  readonly excluded: Set<string>;
  readonly ready: Set<string>;
  /** Nodes whose objects are not known yet. */
  readonly waiting: Set<string>;
  readonly children: ObjectKey[];
};

/** Makes of each instance what its graph says, node after node, and takes it down in the opposite order. */
export function createInstanceController(graphs: ReadonlyMap<string, Graph>): Controller {
  const graphOf = (resource: string) => [...graphs.values()].find((graph) => graph.resource === resource);
  return {
    name: 'kro',
    concerns({ key, object }, actor) {
      if (graphOf(key.resource) !== undefined) return [key];
      if (key.resource === DEFINITIONS) {
        const { resource = '' } = graphs.get(key.name) ?? {};
        return actor.list(resource).map((instance) => keyOf(resource, instance));
      }
      const labels = object.metadata.labels ?? {};
      const graph = graphs.get(labels[LABELS.graph] ?? '');
      return graph === undefined
        ? []
        : [{ resource: graph.resource, namespace: labels[LABELS.namespace] ?? '', name: labels[LABELS.name] ?? '' }];
    },
    reconcile(key, actor) {
      const graph = graphOf(key.resource);
      const instance = actor.read(key);
      if (graph === undefined || instance === undefined) return;
      if (instance.metadata.annotations?.['kro.run/reconcile'] === 'suspended') return;
      if (instance.metadata.deletionTimestamp !== undefined) takeDown(actor, graph, instance, key);
      else bringUp(actor, graph, key);
    },
  };
}

function bringUp(actor: Actor, graph: Graph, key: ObjectKey): void {
  actor.update(key, ({ metadata, ...object }) => {
    const finalizers = [...new Set([...(metadata.finalizers ?? []), FINALIZER])];
    const labels = { ...metadata.labels, 'kro.run/owned': 'true', [LABELS.graph]: graph.name };
    return { ...object, metadata: { ...metadata, finalizers, labels } };
  });
  const instance = actor.read(key);
  if (instance === undefined) return;
  const scope = { schema: { metadata: instance.metadata, spec: instance.spec ?? {} } };
  const pass: Pass = { actor, graph, instance, scope, excluded: new Set(), ready: new Set(), waiting: new Set(), children: [] };
  try {
    for (const node of graph.nodes) visit(pass, node);
    if (pass.waiting.size === 0) prune(pass);
    tellState(pass, key, undefined);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    tellState(pass, key, error.message);
  }
}

function visit(pass: Pass, node: GraphNode): void {
  const { scope, excluded, ready, waiting } = pass;
  const included = node.dependencies.some((id) => waiting.has(id) || (!excluded.has(id) && !ready.has(id)))
    ? undefined
    : isIncluded(node, scope, excluded);
  if (included === false) {
    excluded.add(node.id);
    return;
  }
  const wanted = included === undefined ? undefined : resolveNode(node, scope);
  if (wanted === undefined) {
    waiting.add(node.id);
    return;
  }
  const objects = wanted.map((body) => applyChild(pass, node, body));
  scope[node.id] = node.forEach.length > 0 ? objects : objects[0];
  if (isNodeReady(node, objects)) ready.add(node.id);
}

function applyChild({ actor, graph, instance, children }: Pass, node: GraphNode, body: Fields): KubeObject {
  const kind = actor.machinery.kinds.byKind(String(body['apiVersion']), String(body['kind']));
  if (kind === undefined) throw new StatusError(404, 'NotFound', `no matches for kind "${body['kind']}"`);
  const metadata = body['metadata'] as { name: string; namespace?: string; labels?: Fields };
  const namespace = kind.namespaced ? (metadata.namespace ?? instance.metadata.namespace ?? '') : '';
  const labels = {
    ...metadata.labels,
    ...{ 'app.kubernetes.io/managed-by': 'kro', 'kro.run/owned': 'true', 'kro.run/instance-id': instance.metadata.uid },
    ...{
      [LABELS.name]: instance.metadata.name,
      [LABELS.namespace]: instance.metadata.namespace ?? '',
      [LABELS.graph]: graph.name,
      [LABELS.node]: node.id,
    },
  };
  const key = { resource: resourceOf(kind), namespace, name: metadata.name };
  children.push(key);
  return actor.apply(key, { ...body, metadata: { ...metadata, ...(kind.namespaced ? { namespace } : {}), labels } });
}

/** Objects that were made for the instance and are not wanted any more. */
function prune({ actor, graph, instance, children }: Pass): void {
  for (const { key } of childrenOf(actor, graph, instance)) {
    const isWanted = children.some(
      ({ resource, namespace, name }) => key.resource === resource && key.namespace === namespace && key.name === name,
    );
    if (!isWanted) actor.remove(key, {});
  }
}

type Child = { readonly key: ObjectKey; readonly node: string };

/** Pods and the like carry the labels of their templates; only what kro itself marked counts. */
function childrenOf(actor: Actor, graph: Graph, { metadata }: KubeObject): Child[] {
  return actor.machinery.store.all().flatMap(({ key, object }) => {
    const labels = object.metadata.labels ?? {};
    const isOwn =
      labels['kro.run/instance-id'] === metadata.uid && labels[LABELS.graph] === graph.name && labels[LABELS.node] !== undefined;
    return isOwn ? [{ key, node: labels[LABELS.node] ?? '' }] : [];
  });
}

/** The last node that still has objects is deleted, and nothing else until they are gone. */
function takeDown(actor: Actor, graph: Graph, instance: KubeObject, key: ObjectKey): void {
  const children = childrenOf(actor, graph, instance);
  const last = graph.nodes.findLast(({ id }) => children.some(({ node }) => node === id));
  if (last === undefined) {
    for (const { key: left } of children) actor.remove(left, {});
    actor.dropFinalizer(key, FINALIZER);
    return;
  }
  actor.setStatus(key, { state: 'DELETING' });
  for (const { key: child } of children.filter(({ node }) => node === last.id)) {
    if (actor.read(child)?.metadata.deletionTimestamp === undefined) actor.remove(child, {});
  }
}

function tellState({ actor, graph, instance, scope, excluded, ready }: Pass, key: ObjectKey, problem: string | undefined): void {
  const isReady = problem === undefined && graph.nodes.every(({ id }) => excluded.has(id) || ready.has(id));
  const is = (type: string, isTrue: boolean, reason: string, message = ''): Condition => ({
    type,
    status: isTrue ? 'True' : 'False',
    reason,
    message,
  });
  const conditions = [
    is('InstanceManaged', true, 'Managed', 'instance is properly managed with finalizers and labels'),
    is('GraphResolved', problem === undefined, problem === undefined ? 'Resolved' : 'ResolutionFailed', problem),
    is('ResourcesReady', isReady, isReady ? 'AllResourcesReady' : 'NotReady', problem),
    is('Ready', isReady, isReady ? 'Ready' : 'NotReady', problem),
  ];
  const state = problem === undefined ? (isReady ? 'ACTIVE' : 'IN_PROGRESS') : 'ERROR';
  const now = timeOf(actor.machinery.now());
  actor.setStatus(key, {
    ...(evaluateStatus(graph.status, scope) as Fields),
    state,
    conditions: setConditions(instance.status, conditions, now),
  });
}
