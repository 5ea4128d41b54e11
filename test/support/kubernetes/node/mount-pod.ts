import type { V1Container, V1EnvVar, V1Pod } from '@kubernetes/client-node';
import { type KubeObject, viewAs } from '../storage/kube-object.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { MissingReference } from './missing-reference.ts';
import { mountVolumes } from './mount-volumes.ts';
import { type NodeFacts, readPodField, readResourceField } from './pod-fields.ts';
import type { MountedContainer, MountedPod } from './pod-runner.ts';
import { readEntries } from './read-entries.ts';

/** @throws MissingReference */
export function mountPod(store: ObjectStore, object: KubeObject, facts: NodeFacts): MountedPod {
  const pod = viewAs<V1Pod>(object);
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  const mount = (container: V1Container) => mountContainer(store, object, container, facts);
  return {
    volumes: mountVolumes(store, object, facts),
    initContainers: initContainers.map(mount),
    containers: containers.map(mount),
    podIp: facts.podIp,
  };
}

function mountContainer(store: ObjectStore, pod: KubeObject, container: V1Container, facts: NodeFacts): MountedContainer {
  const env: Record<string, string> = { ...environmentFrom(store, pod, container) };
  for (const variable of container.env ?? []) {
    const value = variableValue(store, pod, container, variable, facts);
    if (value !== undefined) env[variable.name] = expand(value, env);
  }
  const { name, image = '', command = [], args = [] } = container;
  const expanded = (texts: readonly string[]) => texts.map((text) => expand(text, env));
  return { name, image, command: expanded(command), args: expanded(args), env, spec: container };
}

function environmentFrom(store: ObjectStore, pod: KubeObject, { envFrom = [] }: V1Container): Record<string, string> {
  const all = envFrom.map(({ prefix = '', configMapRef, secretRef }) => {
    const reference = configMapRef ?? secretRef;
    const type = configMapRef === undefined ? 'secret' : 'configmap';
    const data = readData(store, pod, type, reference?.name ?? '', reference?.optional === true);
    return Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [`${prefix}${key}`, value.toString()]));
  });
  return Object.assign({}, ...all);
}

function variableValue(
  store: ObjectStore,
  pod: KubeObject,
  container: V1Container,
  { value, valueFrom }: V1EnvVar,
  facts: NodeFacts,
): string | undefined {
  if (valueFrom == null) return value ?? '';
  const { secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef } = valueFrom;
  if (fieldRef != null) return readPodField(pod, fieldRef.fieldPath, facts);
  if (resourceFieldRef != null) return readResourceField(container, resourceFieldRef);
  const reference = secretKeyRef ?? configMapKeyRef;
  if (reference == null) return '';
  const type = secretKeyRef == null ? 'configmap' : 'secret';
  const name = reference.name ?? '';
  const data = readData(store, pod, type, name, reference.optional === true);
  const found = data?.[reference.key];
  if (found !== undefined) return found.toString();
  if (reference.optional === true) return undefined;
  const kind = type === 'secret' ? 'Secret' : 'ConfigMap';
  throw new MissingReference(
    'CreateContainerConfigError',
    `couldn't find key ${reference.key} in ${kind} ${pod.metadata.namespace}/${name}`,
  );
}

function readData(store: ObjectStore, pod: KubeObject, type: 'secret' | 'configmap', name: string, isOptional: boolean) {
  const data = readEntries(store, pod.metadata.namespace ?? '', type, name);
  if (data === undefined && !isOptional) throw new MissingReference('CreateContainerConfigError', `${type} "${name}" not found`);
  return data;
}

/** `$(NAME)` is replaced where NAME is known; `$$(NAME)` stands for itself. */
function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)/g, (all, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? all),
  );
}
