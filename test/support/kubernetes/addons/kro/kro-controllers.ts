import { type Actor, type Controller, setConditions } from '../../controllers/controller.ts';
import type { KubeObject } from '../../storage/kube-object.ts';
import type { ObjectKey } from '../../storage/object-store.ts';
import { timeOf } from '../../verbs/machinery.ts';
import { type Graph, readGraph } from './graph.ts';
import { createInstanceController } from './instance-controller.ts';

const DEFINITIONS = 'kro.run/resourcegraphdefinitions';
const CRDS = 'apiextensions.k8s.io/customresourcedefinitions';

/** Stands in for kro: serves the kinds that graphs define, and makes of their instances what the graphs say. */
export function kroControllers(): Controller[] {
  const graphs = new Map<string, Graph>();
  const definitions: Controller = {
    name: 'kro',
    concerns({ key, type }, actor) {
      if (key.resource === DEFINITIONS && type === 'DELETED') graphs.delete(key.name);
      if (key.resource === DEFINITIONS) return [key];
      // A graph that spoke of an unknown kind may be fine now.
      if (key.resource !== CRDS || type !== 'ADDED') return [];
      const others = actor.list(DEFINITIONS).filter(({ metadata }) => !graphs.has(metadata.name));
      return others.map(({ metadata }) => ({ resource: DEFINITIONS, namespace: '', name: metadata.name }));
    },
    reconcile(key, actor) {
      const definition = actor.read(key);
      if (definition !== undefined) accept(graphs, key, definition, actor);
    },
  };
  return [definitions, createInstanceController(graphs)];
}

function accept(graphs: Map<string, Graph>, key: ObjectKey, definition: KubeObject, actor: Actor): void {
  const { store, kinds, now } = actor.machinery;
  try {
    const graph = readGraph(definition, kinds);
    graphs.set(key.name, graph);
    const name = `${graph.sketch.plural}.${graph.sketch.group}`;
    const crd = { resource: CRDS, namespace: '', name };
    if (store.read(crd) === undefined) actor.create(CRDS, '', graph.definition);
    else actor.update(crd, (object) => ({ ...object, spec: { ...object.spec, ...(graph.definition['spec'] as object) } }));
    tell(
      undefined,
      graph.nodes.map(({ id }) => id),
    );
  } catch (error) {
    graphs.delete(key.name);
    tell(error instanceof Error ? error.message : String(error), []);
  }

  function tell(problem: string | undefined, topologicalOrder: string[]): void {
    const isFine = problem === undefined;
    const types = ['GraphRevisionsResolved', 'GraphAccepted', 'KindReady', 'ControllerReady', 'Ready'];
    const conditions = types.map((type) => ({
      type,
      status: isFine ? ('True' as const) : ('False' as const),
      reason: isFine ? 'Valid' : 'InvalidResourceGraph',
      message: problem ?? '',
    }));
    const status = {
      state: isFine ? 'Active' : 'Inactive',
      topologicalOrder,
      conditions: setConditions(definition.status, conditions, timeOf(now())),
    };
    actor.setStatus(key, status);
  }
}
