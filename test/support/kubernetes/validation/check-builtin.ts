import type { V1Deployment, V1Ingress, V1Secret, V1Service } from '@kubernetes/client-node';
import type { StatusCause } from '../http/status-error.ts';
import { type Kind, resourceOf } from '../kinds/kind.ts';
import { type Fields, isFields, isSame, type KubeObject, viewAs } from '../storage/kube-object.ts';
import { checkLabels } from './check-metadata.ts';
import { checkPodSpec } from './check-pod-spec.ts';
import { forbiddenValue, invalidValue, notSupported, required } from './field-error.ts';

/** Of a ConfigMap or Secret as a whole. */
const MAX_DATA_BYTES = 1024 * 1024;

type Check = (object: KubeObject, before: KubeObject | undefined) => StatusCause[];

const CHECKS: Readonly<Record<string, Check>> = {
  '/configmaps': (object, before) => [...checkDataKeys(object), ...checkSize(object), ...checkImmutable(object, before)],
  '/secrets': (object, before) => [...checkDataKeys(object), ...checkSecret(object, before), ...checkImmutable(object, before)],
  '/pods': (object, before) => (before === undefined ? checkPodSpec(object.spec, 'spec') : checkPodChange(object, before)),
  '/services': checkService,
  '/persistentvolumeclaims': checkClaim,
  'apps/deployments': checkWorkload,
  'apps/replicasets': checkWorkload,
  'batch/jobs': checkJob,
  'networking.k8s.io/ingresses': checkIngress,
  'rbac.authorization.k8s.io/rolebindings': checkRoleRef,
  'rbac.authorization.k8s.io/clusterrolebindings': checkRoleRef,
};

/** What breaks the rules of a built-in kind that its schema does not tell. */
export function checkBuiltin(kind: Kind, object: KubeObject, before: KubeObject | undefined): StatusCause[] {
  return CHECKS[resourceOf(kind)]?.(object, before) ?? [];
}

function checkDataKeys(object: KubeObject): StatusCause[] {
  const keys = Object.keys(isFields(object['data']) ? object['data'] : {});
  const wrong = keys.filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key) || key.length > 253);
  const why = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
  return wrong.map((key) => invalidValue(`data[${key}]`, key, why));
}

function checkSize(object: KubeObject): StatusCause[] {
  const parts = [object['data'], object['binaryData']].filter(isFields).flatMap(Object.values);
  const sizeBytes = parts.reduce<number>((sum, value) => sum + Buffer.byteLength(String(value)), 0);
  if (sizeBytes <= MAX_DATA_BYTES) return [];
  return [{ reason: 'FieldValueTooLong', message: `Too long: may not be more than ${MAX_DATA_BYTES} bytes`, field: 'data' }];
}

function checkSecret(object: KubeObject, before: KubeObject | undefined): StatusCause[] {
  const { data = {}, type } = viewAs<V1Secret>(object);
  const old = before === undefined ? type : viewAs<V1Secret>(before).type;
  const wrong = Object.entries(data).filter(([, value]) => !/^[A-Za-z0-9+/]*={0,2}$/.test(value) || value.length % 4 !== 0);
  return [
    ...wrong.map(([key]) => invalidValue(`data[${key}]`, '<secret contents redacted>', 'illegal base64 data')),
    ...(old === type ? [] : [invalidValue('type', type, 'field is immutable')]),
  ];
}

function checkImmutable(object: KubeObject, before: KubeObject | undefined): StatusCause[] {
  if (before?.['immutable'] !== true || isSame(object['data'], before['data'])) return [];
  return [forbiddenValue('data', 'field is immutable when `immutable` is set')];
}

/** Hardly anything of a pod may be changed. */
function checkPodChange(object: KubeObject, before: KubeObject): StatusCause[] {
  const images = (spec: Fields | undefined) => {
    const containers = Array.isArray(spec?.['containers']) ? (spec['containers'] as Fields[]) : [];
    const blank = containers.map((container) => ({ ...container, image: '' }));
    const {
      activeDeadlineSeconds: _deadline,
      tolerations: _tolerations,
      terminationGracePeriodSeconds: _grace,
      ...rest
    } = spec ?? {};
    return { ...rest, containers: blank };
  };
  if (isSame(images(object.spec), images(before.spec))) return [];
  const why =
    'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)';
  return [forbiddenValue('spec', why)];
}

function checkService(object: KubeObject, before: KubeObject | undefined): StatusCause[] {
  const { spec } = viewAs<V1Service>(object);
  const ports = spec?.ports ?? [];
  const old = before === undefined ? undefined : viewAs<V1Service>(before).spec?.clusterIP;
  const unnamed =
    ports.length > 1 ? ports.flatMap((port, index) => (port.name ? [] : [required(`spec.ports[${index}].name`)])) : [];
  return [
    ...(ports.length === 0 && spec?.clusterIP !== 'None' && spec?.type !== 'ExternalName' ? [required('spec.ports')] : []),
    ...unnamed,
    ...ports.flatMap(({ port }, index) => checkPort(port, `spec.ports[${index}].port`)),
    ...checkOneOf(spec?.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'], 'spec.type'),
    ...(old === undefined || old === spec?.clusterIP
      ? []
      : [invalidValue('spec.clusterIPs[0]', spec?.clusterIP, 'may not change once set')]),
  ];
}

/** @param port must be a number from 1 to 65535 */
function checkPort(port: number, field: string): StatusCause[] {
  return port >= 1 && port <= 65_535 ? [] : [invalidValue(field, port, 'must be between 1 and 65535, inclusive')];
}

function checkOneOf(value: string | undefined, supported: readonly string[], field: string): StatusCause[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

function checkClaim({ spec }: KubeObject, before: KubeObject | undefined): StatusCause[] {
  const { resources, ...rest } = spec ?? {};
  const asked = (isFields(resources) && isFields(resources['requests']) ? resources['requests'] : {})['storage'];
  const modes = Array.isArray(rest['accessModes']) ? rest['accessModes'] : [];
  const { resources: _resources, ...old } = before?.spec ?? rest;
  const { volumeName: _new, ...now } = rest;
  const { volumeName: _old, ...was } = old;
  return [
    ...(modes.length === 0 ? [required('spec.accessModes', 'at least 1 access mode is required')] : []),
    ...(asked === undefined ? [required('spec.resources[storage]')] : []),
    ...(isSame(now, was)
      ? []
      : [
          forbiddenValue(
            'spec',
            'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
          ),
        ]),
  ];
}

function checkWorkload(object: KubeObject, before: KubeObject | undefined): StatusCause[] {
  const { spec } = viewAs<V1Deployment>(object);
  const wanted = Object.entries(spec?.selector?.matchLabels ?? {});
  const labels = spec?.template?.metadata?.labels ?? {};
  const old = before?.spec?.['selector'];
  const hasExpressions = (spec?.selector?.matchExpressions ?? []).length > 0;
  return [
    ...(wanted.length === 0 && !hasExpressions
      ? [invalidValue('spec.selector', {}, 'empty selector is invalid for deployment')]
      : []),
    ...(wanted.some(([name, value]) => labels[name] !== value)
      ? [invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')]
      : []),
    ...(old === undefined || isSame(old, object.spec?.['selector'])
      ? []
      : [invalidValue('spec.selector', object.spec?.['selector'], 'field is immutable')]),
    ...((spec?.replicas ?? 0) < 0 ? [invalidValue('spec.replicas', spec?.replicas, 'must be greater than or equal to 0')] : []),
    ...checkOneOf(spec?.strategy?.type, ['Recreate', 'RollingUpdate'], 'spec.strategy.type'),
    ...(spec?.strategy?.type === 'Recreate' && spec.strategy.rollingUpdate != null
      ? [forbiddenValue('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'")]
      : []),
    ...checkTemplate(object, ['Always']),
  ];
}

function checkJob(object: KubeObject, before: KubeObject | undefined): StatusCause[] {
  const changed = before !== undefined && !isSame(before.spec?.['template'], object.spec?.['template']);
  return [
    ...(changed ? [invalidValue('spec.template', 'object', 'field is immutable')] : []),
    ...checkTemplate(object, ['OnFailure', 'Never']),
  ];
}

function checkTemplate(object: KubeObject, policies: readonly string[]): StatusCause[] {
  const template = object.spec?.['template'];
  const { spec, metadata } = isFields(template) ? template : {};
  const labels = isFields(metadata) && isFields(metadata['labels']) ? metadata['labels'] : {};
  const policy = isFields(spec) ? spec['restartPolicy'] : undefined;
  return [
    ...checkOneOf(typeof policy === 'string' ? policy : undefined, policies, 'spec.template.spec.restartPolicy'),
    ...checkLabels(labels as Record<string, string>, 'spec.template.labels'),
    ...checkPodSpec(isFields(spec) ? spec : undefined, 'spec.template.spec'),
  ];
}

function checkIngress(object: KubeObject): StatusCause[] {
  const { spec } = viewAs<V1Ingress>(object);
  const rules = spec?.rules ?? [];
  if (rules.length === 0 && spec?.defaultBackend === undefined) {
    return [invalidValue('spec', 'object', 'either `defaultBackend` or `rules` must be specified')];
  }
  return rules.flatMap((rule, ruleIndex) =>
    (rule.http?.paths ?? []).flatMap(({ path, pathType, backend }, index) => {
      const field = `spec.rules[${ruleIndex}].http.paths[${index}]`;
      return [
        ...checkOneOf(pathType, ['Exact', 'ImplementationSpecific', 'Prefix'], `${field}.pathType`),
        ...(pathType === 'ImplementationSpecific' || path?.startsWith('/')
          ? []
          : [invalidValue(`${field}.path`, path, 'must be an absolute path')]),
        ...(backend?.service === undefined && backend?.resource === undefined ? [required(`${field}.backend`)] : []),
      ];
    }),
  );
}

function checkRoleRef(object: KubeObject, before: KubeObject | undefined): StatusCause[] {
  if (before === undefined || isSame(before['roleRef'], object['roleRef'])) return [];
  return [invalidValue('roleRef', object['roleRef'], 'cannot change roleRef')];
}
