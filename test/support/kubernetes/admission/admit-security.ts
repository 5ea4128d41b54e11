import type { V1Container, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { forbidden } from '../http/status-error.ts';
import { resourceOf } from '../kinds/kind.ts';
import { viewAs } from '../storage/kube-object.ts';
import type { Admission } from '../verbs/machinery.ts';

const LABEL = 'pod-security.kubernetes.io/enforce';
const VOLUME_TYPES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
  'image',
];

/** Refuses pods that may do more than the Pod Security standard `restricted`, where the namespace asks for that. */
export const admitSecurity: Admission = ({ store }, kind, object) => {
  if (resourceOf(kind) !== '/pods') return;
  const { namespace = '', name } = object.metadata;
  const labels = store.read({ resource: '/namespaces', namespace: '', name: namespace })?.metadata.labels;
  if (labels?.[LABEL] !== 'restricted') return;
  const { spec } = viewAs<V1Pod>(object);
  const problems = spec === undefined ? [] : findViolations(spec);
  const version = labels[`${LABEL}-version`] ?? 'latest';
  if (problems.length > 0) throw forbidden(kind, name, `violates PodSecurity "restricted:${version}": ${problems.join(', ')}`);
};

function findViolations(spec: V1PodSpec): string[] {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return [
    ...hostViolations(spec, containers),
    ...report(
      containers,
      'allowPrivilegeEscalation != false',
      'must set securityContext.allowPrivilegeEscalation=false',
      ({ securityContext }) => securityContext?.allowPrivilegeEscalation === false,
    ),
    ...report(containers, 'unrestricted capabilities', 'must set securityContext.capabilities.drop=["ALL"]', dropsAll),
    ...volumeViolations(spec),
    ...report(
      containers,
      'runAsNonRoot != true',
      'must set securityContext.runAsNonRoot=true',
      ({ securityContext }) => (securityContext?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot) === true,
    ),
    ...report(
      containers,
      'runAsUser=0',
      'must not set runAsUser=0',
      ({ securityContext }) => (securityContext?.runAsUser ?? spec.securityContext?.runAsUser) !== 0,
    ),
    ...report(
      containers,
      'seccompProfile',
      'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
      ({ securityContext }) =>
        ['RuntimeDefault', 'Localhost'].includes(
          (securityContext?.seccompProfile ?? spec.securityContext?.seccompProfile)?.type ?? '',
        ),
    ),
  ];
}

function hostViolations(spec: V1PodSpec, containers: readonly V1Container[]): string[] {
  const namespaces = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name] === true);
  const ports = containers.flatMap(({ ports: all = [] }) => all.filter(({ hostPort }) => (hostPort ?? 0) !== 0));
  return [
    ...(namespaces.length === 0 ? [] : [`host namespaces (${namespaces.map((name) => `${name}=true`).join(', ')})`]),
    ...(ports.length === 0 ? [] : ['hostPort']),
    ...report(
      containers,
      'privileged',
      'must not set securityContext.privileged=true',
      ({ securityContext }) => securityContext?.privileged !== true,
    ),
  ];
}

function dropsAll({ securityContext }: V1Container): boolean {
  const { drop = [], add = [] } = securityContext?.capabilities ?? {};
  return drop.includes('ALL') && add.every((name) => name === 'NET_BIND_SERVICE');
}

function volumeViolations({ volumes = [] }: V1PodSpec): string[] {
  const wrong = volumes.filter(({ name: _name, ...source }) => Object.keys(source).some((type) => !VOLUME_TYPES.includes(type)));
  return wrong.map(
    ({ name, ...source }) => `restricted volume types (volume "${name}" uses restricted volume type "${Object.keys(source)[0]}")`,
  );
}

function report(
  containers: readonly V1Container[],
  problem: string,
  advice: string,
  isFine: (container: V1Container) => boolean,
): string[] {
  const names = containers.filter((container) => !isFine(container)).map(({ name }) => `"${name}"`);
  if (names.length === 0) return [];
  return [`${problem} (${names.length === 1 ? 'container' : 'containers'} ${names.join(', ')} ${advice})`];
}
