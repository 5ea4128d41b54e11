import { type Fields, isFields, type KubeObject } from '../storage/kube-object.ts';
import { withDefaults } from '../validation/json-schema.ts';
import { isCustom, type Kind, resourceOf } from './kind.ts';

/** The object as a server completes it; the object given is not changed. */
export function completeObject(kind: Kind, object: KubeObject): KubeObject {
  if (isCustom(kind)) return kind.schema === undefined ? object : (withDefaults(object, kind.schema) as KubeObject);
  const complete = COMPLETIONS[resourceOf(kind)];
  if (complete === undefined) return object;
  const copy = structuredClone(object);
  complete(copy);
  return copy;
}

const COMPLETIONS: Readonly<Record<string, (object: KubeObject) => void>> = {
  '/pods': (object) => completePod(partOf(object, 'spec')),
  '/services': completeService,
  '/secrets': completeSecret,
  '/namespaces': completeNamespace,
  '/persistentvolumeclaims': (object) => fill(partOf(object, 'spec'), { volumeMode: 'Filesystem' }),
  'apps/deployments': completeDeployment,
  'apps/replicasets': completeReplicaSet,
  'batch/jobs': completeJob,
  'networking.k8s.io/networkpolicies': completePolicy,
  'rbac.authorization.k8s.io/rolebindings': completeBinding,
  'rbac.authorization.k8s.io/clusterrolebindings': completeBinding,
  'apiextensions.k8s.io/customresourcedefinitions': completeDefinition,
};

function fill(fields: Fields, defaults: Fields): void {
  for (const [name, value] of Object.entries(defaults)) if (fields[name] === undefined) fields[name] = structuredClone(value);
}

function partOf(fields: Fields, name: string): Fields {
  if (!isFields(fields[name])) fields[name] = {};
  return fields[name] as Fields;
}

function itemsOf(fields: Fields, name: string): Fields[] {
  const items = fields[name];
  return Array.isArray(items) ? items.filter(isFields) : [];
}

function completePod(spec: Fields): void {
  fill(spec, {
    ...{
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
    },
    ...{ securityContext: {}, enableServiceLinks: true },
  });
  if (typeof spec['serviceAccountName'] === 'string') fill(spec, { serviceAccount: spec['serviceAccountName'] });
  for (const container of [...itemsOf(spec, 'initContainers'), ...itemsOf(spec, 'containers')]) completeContainer(container);
  for (const volume of itemsOf(spec, 'volumes')) completeVolume(volume);
}

function completeContainer(container: Fields): void {
  const isLatest = /(^[^:]*|:latest)$/.test(
    String(container['image'] ?? '')
      .split('/')
      .at(-1) ?? '',
  );
  fill(container, {
    ...{ terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File', resources: {} },
    imagePullPolicy: isLatest ? 'Always' : 'IfNotPresent',
  });
  for (const port of itemsOf(container, 'ports')) fill(port, { protocol: 'TCP' });
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container[name];
    if (!isFields(probe)) continue;
    fill(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
    if (isFields(probe['httpGet'])) fill(probe['httpGet'], { path: '/', scheme: 'HTTP' });
  }
  for (const { valueFrom } of itemsOf(container, 'env')) {
    if (isFields(valueFrom) && isFields(valueFrom['fieldRef'])) fill(valueFrom['fieldRef'], { apiVersion: 'v1' });
  }
}

function completeVolume(volume: Fields): void {
  for (const name of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    if (isFields(volume[name])) fill(volume[name], { defaultMode: 0o644 });
  }
}

function completeTemplate(spec: Fields): void {
  const template = partOf(spec, 'template');
  fill(template, { metadata: {} });
  completePod(partOf(template, 'spec'));
}

function completeDeployment(object: KubeObject): void {
  const spec = partOf(object, 'spec');
  fill(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
  const strategy = partOf(spec, 'strategy');
  fill(strategy, { type: 'RollingUpdate' });
  if (strategy['type'] === 'RollingUpdate') fill(partOf(strategy, 'rollingUpdate'), { maxUnavailable: '25%', maxSurge: '25%' });
  completeTemplate(spec);
}

function completeReplicaSet(object: KubeObject): void {
  fill(partOf(object, 'spec'), { replicas: 1 });
  completeTemplate(partOf(object, 'spec'));
}

function completeJob(object: KubeObject): void {
  const spec = partOf(object, 'spec');
  fill(spec, { parallelism: 1, completions: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false });
  completeTemplate(spec);
}

function completeService(object: KubeObject): void {
  const spec = partOf(object, 'spec');
  fill(spec, { type: 'ClusterIP', sessionAffinity: 'None', internalTrafficPolicy: 'Cluster' });
  for (const port of itemsOf(spec, 'ports')) fill(port, { protocol: 'TCP', targetPort: port['port'] });
}

/** Texts are kept as data only. */
function completeSecret(object: KubeObject): void {
  fill(object, { type: 'Opaque' });
  if (!isFields(object['stringData'])) return;
  const texts = Object.entries(object['stringData']).map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')]);
  object['data'] = { ...(isFields(object['data']) ? object['data'] : {}), ...Object.fromEntries(texts) };
  delete object['stringData'];
}

function completeNamespace(object: KubeObject): void {
  object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name };
  fill(partOf(object, 'spec'), { finalizers: ['kubernetes'] });
  fill(partOf(object, 'status'), { phase: 'Active' });
}

function completePolicy(object: KubeObject): void {
  const spec = partOf(object, 'spec');
  fill(spec, { policyTypes: ['Ingress', ...('egress' in spec ? ['Egress'] : [])] });
}

function completeBinding(object: KubeObject): void {
  for (const subject of itemsOf(object, 'subjects')) {
    if (subject['kind'] !== 'ServiceAccount') fill(subject, { apiGroup: 'rbac.authorization.k8s.io' });
  }
}

function completeDefinition(object: KubeObject): void {
  const spec = partOf(object, 'spec');
  fill(spec, { conversion: { strategy: 'None' } });
  const names = partOf(spec, 'names');
  const kind = String(names['kind'] ?? '');
  fill(names, { singular: kind.toLowerCase(), listKind: `${kind}List` });
}
