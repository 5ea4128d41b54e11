import { resourceOf } from '../kinds/kind.ts';
import type { ObjectKey } from '../storage/object-store.ts';
import type { Controller } from './controller.ts';

const NAMESPACES = '/namespaces';

/** Furnishes new namespaces, and empties those that are deleted before they may go. */
export const namespaceController: Controller = {
  name: 'namespace-controller',
  concerns: ({ key }) => {
    if (key.resource === NAMESPACES) return [key];
    return key.namespace === '' ? [] : [{ resource: NAMESPACES, namespace: '', name: key.namespace }];
  },
  reconcile(key, actor) {
    const namespace = actor.read(key);
    if (namespace === undefined) return;
    const { name, deletionTimestamp } = namespace.metadata;
    if (deletionTimestamp === undefined) {
      ensure({ resource: '/serviceaccounts', namespace: name, name: 'default' }, {});
      ensure({ resource: '/configmaps', namespace: name, name: 'kube-root-ca.crt' }, { data: { 'ca.crt': '' } });
      return;
    }
    const content = contentOf(name);
    for (const one of content) actor.remove(one, { propagationPolicy: 'Background' });
    if (contentOf(name).length === 0)
      actor.update(key, (object) => ({ ...object, spec: { ...object.spec, finalizers: [] } }), 'finalize');

    function ensure(wanted: ObjectKey, fields: Record<string, unknown>): void {
      if (actor.read(wanted) === undefined) actor.create(wanted.resource, name, { ...fields, metadata: { name: wanted.name } });
    }

    function contentOf(inside: string): ObjectKey[] {
      return actor.machinery.kinds
        .all()
        .filter(({ namespaced }) => namespaced)
        .flatMap((kind) =>
          actor
            .list(resourceOf(kind), inside)
            .map(({ metadata }) => ({ resource: resourceOf(kind), namespace: inside, name: metadata.name })),
        );
    }
  },
};
