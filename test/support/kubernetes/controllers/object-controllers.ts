import { usageOf } from '../admission/admit-quota.ts';
import { type Kind, resourceOf } from '../kinds/kind.ts';
import { isFields, type KubeObject } from '../storage/kube-object.ts';
import { keyOf, type ObjectKey } from '../storage/object-store.ts';
import type { JsonSchema } from '../validation/json-schema.ts';
import { timeOf } from '../verbs/machinery.ts';
import { type Actor, type Controller, setConditions } from './controller.ts';

const QUOTAS = '/resourcequotas';
/** A definition waits for the objects of its kind. */
const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';
const DEFINITIONS = 'apiextensions.k8s.io/customresourcedefinitions';

/** Gives every claim a volume at once. */
export const claimController: Controller = {
  name: 'persistentvolume-binder',
  concerns: ({ key }) => (key.resource === '/persistentvolumeclaims' ? [key] : []),
  reconcile(key, actor) {
    const claim = actor.read(key);
    if (claim === undefined || claim.status?.['phase'] === 'Bound') return;
    const { uid } = claim.metadata;
    actor.update(key, (object) => ({ ...object, spec: { ...object.spec, volumeName: `pvc-${uid}` } }));
    const resources = claim.spec?.['resources'];
    const capacity = isFields(resources) ? resources['requests'] : {};
    actor.setStatus(key, { phase: 'Bound', accessModes: claim.spec?.['accessModes'], capacity });
  },
};

/** Gives every Ingress the address of a balancer at once. */
export const ingressController: Controller = {
  name: 'ingress-controller',
  concerns: ({ key }) => (key.resource === 'networking.k8s.io/ingresses' ? [key] : []),
  reconcile(key, actor) {
    actor.setStatus(key, { loadBalancer: { ingress: [{ ip: '127.0.0.1' }] } });
  },
};

/** Says in each quota how much of it is used. */
export const quotaController: Controller = {
  name: 'resourcequota-controller',
  concerns: ({ key }, actor) => {
    if (key.resource === QUOTAS) return [key];
    return key.namespace === '' ? [] : actor.list(QUOTAS, key.namespace).map((quota) => keyOf(QUOTAS, quota));
  },
  reconcile(key, actor) {
    const quota = actor.read(key);
    if (quota === undefined) return;
    const hard = isFields(quota.spec?.['hard']) ? quota.spec['hard'] : {};
    const used = Object.keys(hard).map((name) => [name, String(usageOf(actor.machinery, key.namespace, name))]);
    actor.setStatus(key, { hard, used: Object.fromEntries(used) });
  },
};

/** Serves the kinds that definitions describe, for as long as the definitions are there. */
export const definitionController: Controller = {
  name: 'customresourcedefinition-controller',
  concerns: ({ key, object, type }, actor) => {
    if (key.resource === DEFINITIONS) {
      if (type === 'DELETED') actor.machinery.kinds.remove(kindOf(object));
      return [key];
    }
    const [group, plural] = key.resource.split('/');
    return type === 'DELETED' ? [{ resource: DEFINITIONS, namespace: '', name: `${plural}.${group}` }] : [];
  },
  reconcile(key, actor) {
    const definition = actor.read(key);
    if (definition === undefined) return;
    if (definition.metadata.deletionTimestamp !== undefined) return cleanUp(key, kindOf(definition), actor);
    if (definition.metadata.finalizers?.includes(CLEANUP) !== true) {
      actor.update(key, ({ metadata, ...object }) => ({
        ...object,
        metadata: { ...metadata, finalizers: [...(metadata.finalizers ?? []), CLEANUP] },
      }));
    }
    actor.machinery.kinds.add(kindOf(definition));
    const now = timeOf(actor.machinery.now());
    const accepted = { type: 'NamesAccepted', status: 'True' as const, reason: 'NoConflicts', message: 'no conflicts found' };
    const established = {
      type: 'Established',
      status: 'True' as const,
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
    };
    const spec = definition.spec as DefinitionSpec | undefined;
    const versions = { storedVersions: spec?.versions.map(({ name }) => name) ?? [], acceptedNames: spec?.names };
    actor.setStatus(key, { ...versions, conditions: setConditions(definition.status, [accepted, established], now) });
  },
};

function cleanUp(key: ObjectKey, kind: Kind, actor: Actor): void {
  const resource = resourceOf(kind);
  for (const object of actor.list(resource)) actor.remove(keyOf(resource, object), {});
  if (actor.list(resource).length === 0) actor.dropFinalizer(key, CLEANUP);
}

type DefinitionSpec = {
  readonly group: string;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly names: {
    readonly kind: string;
    readonly plural: string;
    readonly singular?: string;
    readonly shortNames?: readonly string[];
  };
  readonly versions: readonly {
    readonly name: string;
    readonly storage: boolean;
    readonly schema?: { readonly openAPIV3Schema?: JsonSchema };
    readonly subresources?: Readonly<Record<string, unknown>>;
  }[];
};

/** The kind a definition describes, by its stored version. */
function kindOf({ spec }: KubeObject): Kind {
  const { group, scope, names, versions } = spec as DefinitionSpec;
  const version = versions.find(({ storage }) => storage) ?? versions[0];
  const schema = version?.schema?.openAPIV3Schema;
  const isOpen =
    schema === undefined || (schema['x-kubernetes-preserve-unknown-fields'] === true && schema.properties === undefined);
  const kind = {
    ...{ group, version: version?.name ?? '', kind: names.kind, plural: names.plural },
    ...{ singular: names.singular ?? names.kind.toLowerCase(), shortNames: names.shortNames ?? [] },
    ...{ namespaced: scope === 'Namespaced', subresources: Object.keys(version?.subresources ?? {}), hasGeneration: true },
    ...{ defaultPropagation: 'Background' as const, nameForm: 'subdomain' as const },
  };
  return isOpen ? kind : { ...kind, schema };
}
