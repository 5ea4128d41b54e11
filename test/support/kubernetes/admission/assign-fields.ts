import { forbidden } from '../http/status-error.ts';
import { type Kind, resourceOf } from '../kinds/kind.ts';
import type { KubeObject } from '../storage/kube-object.ts';
import type { Admission, Machinery } from '../verbs/machinery.ts';

/** What the server gives new objects beyond fixed defaults: an address, an account, a selector. */
export const assignFields: Admission = (machinery, kind, object) => {
  ASSIGNMENTS[resourceOf(kind)]?.(machinery, kind, object);
};

const ASSIGNMENTS: Readonly<Record<string, Admission>> = {
  '/services': assignAddress,
  '/pods': assignAccount,
  'batch/jobs': assignSelector,
};

function assignAddress({ store }: Machinery, _kind: Kind, { spec = {} }: KubeObject): void {
  if (spec['type'] === 'ExternalName' || spec['clusterIP'] !== undefined) return;
  const count = store.revision;
  const clusterIP = `10.96.${Math.floor(count / 250) % 250}.${(count % 250) + 1}`;
  Object.assign(spec, { clusterIP, clusterIPs: [clusterIP], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
}

function assignAccount({ store }: Machinery, kind: Kind, object: KubeObject): void {
  const { spec = {}, metadata } = object;
  const { namespace = '' } = metadata;
  const name = String(spec['serviceAccountName'] ?? 'default');
  // Every namespace gets its default account, if only a moment after it was made.
  if (name !== 'default' && store.read({ resource: '/serviceaccounts', namespace, name }) === undefined) {
    throw forbidden(
      kind,
      metadata.name,
      `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
    );
  }
  Object.assign(spec, { serviceAccountName: name, serviceAccount: name });
  object.status = { phase: 'Pending', qosClass: 'Burstable' };
}

function assignSelector(_machinery: Machinery, _kind: Kind, { spec = {}, metadata }: KubeObject): void {
  if (spec['manualSelector'] === true) return;
  const uid = metadata.uid ?? '';
  const labels = {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': metadata.name,
    'job-name': metadata.name,
  };
  const template = spec['template'] as { metadata?: { labels?: Record<string, string> } };
  template.metadata = { ...template.metadata, labels: { ...template.metadata?.labels, ...labels } };
  spec['selector'] = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
}
