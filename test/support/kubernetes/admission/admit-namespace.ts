import { forbidden, notFound, StatusError } from '../http/status-error.ts';
import type { Admission } from '../verbs/machinery.ts';

/** Nothing is made in a namespace that is not there or is about to go. */
export const admitNamespace: Admission = ({ store, kinds }, kind, { metadata }) => {
  if (!kind.namespaced) return;
  const name = metadata.namespace ?? '';
  const namespace = store.read({ resource: '/namespaces', namespace: '', name });
  const namespaces = kinds.byResource('/namespaces');
  if (namespace === undefined)
    throw namespaces === undefined ? new StatusError(404, 'NotFound', name) : notFound(namespaces, name);
  if (namespace.metadata.deletionTimestamp === undefined) return;
  const cause = { reason: 'NamespaceTerminating', message: `namespace ${name} is being terminated`, field: 'metadata.namespace' };
  const why = `unable to create new content in namespace ${name} because it is being terminated`;
  throw forbidden(kind, metadata.name, why, [cause]);
};
