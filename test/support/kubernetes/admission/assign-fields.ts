import { forbidden } from '../http/status-error.ts';
import { resourceOf } from '../kinds/kind.ts';
import type { Admission } from '../verbs/machinery.ts';

/** What the server gives new objects beyond fixed defaults: an address, an account, a selector. */
export const assignFields: Admission = (machinery, kind, object) => {
  const { spec, metadata } = object;
  if (spec === undefined) return;
  if (resourceOf(kind) === '/services' && spec['type'] !== 'ExternalName' && spec['clusterIP'] === undefined) {
    const count = machinery.store.revision;
    const clusterIP = `10.96.${Math.floor(count / 250) % 250}.${(count % 250) + 1}`;
    Object.assign(spec, { clusterIP, clusterIPs: [clusterIP], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
  }
  if (resourceOf(kind) === '/pods') {
    const name = String(spec['serviceAccountName'] ?? 'default');
    const account = machinery.store.read({ resource: '/serviceaccounts', namespace: metadata.namespace ?? '', name });
    if (account === undefined && name !== 'default') {
      throw forbidden(
        kind,
        metadata.name,
        `error looking up service account ${metadata.namespace}/${name}: serviceaccount "${name}" not found`,
      );
    }
    Object.assign(spec, { serviceAccountName: name, serviceAccount: name });
    object.status = { phase: 'Pending', qosClass: 'Burstable' };
  }
  if (resourceOf(kind) === 'batch/jobs' && spec['manualSelector'] !== true) {
    const labels = {
      'batch.kubernetes.io/controller-uid': metadata.uid,
      'batch.kubernetes.io/job-name': metadata.name,
      'job-name': metadata.name,
    };
    const template = spec['template'] as { metadata?: { labels?: Record<string, string> } };
    template.metadata = { ...template.metadata, labels: { ...template.metadata?.labels, ...labels } as Record<string, string> };
    spec['selector'] = { matchLabels: { 'batch.kubernetes.io/controller-uid': metadata.uid } };
  }
};
