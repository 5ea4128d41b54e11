import type { V1KeyToPath, V1Pod, V1Volume, V1VolumeProjection } from '@kubernetes/client-node';
import { type KubeObject, viewAs } from '../storage/kube-object.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { MissingReference } from './missing-reference.ts';
import { type NodeFacts, readPodField } from './pod-fields.ts';
import type { MountedVolume, VolumeFile } from './pod-runner.ts';
import { readEntries } from './read-entries.ts';

type Files = Record<string, VolumeFile>;
type Mounting = { readonly store: ObjectStore; readonly pod: KubeObject; readonly facts: NodeFacts };

/** @throws MissingReference if a volume's ConfigMap or Secret is not there */
export function mountVolumes(store: ObjectStore, pod: KubeObject, facts: NodeFacts): Record<string, MountedVolume> {
  const volumes = viewAs<V1Pod>(pod).spec?.volumes ?? [];
  return Object.fromEntries(volumes.map((volume) => [volume.name, mountVolume({ store, pod, facts }, volume)]));
}

function mountVolume(mounting: Mounting, volume: V1Volume): MountedVolume {
  const { name: _name, configMap, secret, projected, downwardAPI, emptyDir, persistentVolumeClaim, ...others } = volume;
  if (emptyDir != null) {
    const { sizeLimit, medium } = emptyDir;
    return { type: 'emptyDir', ...(sizeLimit === undefined ? {} : { sizeLimit }), ...(medium === undefined ? {} : { medium }) };
  }
  if (persistentVolumeClaim != null) {
    return { type: 'claim', claimName: persistentVolumeClaim.claimName, readOnly: persistentVolumeClaim.readOnly === true };
  }
  const source: V1VolumeProjection = {
    ...(configMap == null ? {} : { configMap }),
    ...(secret == null ? {} : { secret: { ...secret, name: secret.secretName ?? '' } }),
    ...(downwardAPI == null ? {} : { downwardAPI }),
  };
  const mode = (configMap ?? secret ?? downwardAPI ?? projected)?.defaultMode ?? 0o644;
  if (projected != null) {
    const parts = (projected.sources ?? []).map((part) => projectedFiles(mounting, part, mode));
    return { type: 'files', files: Object.assign({}, ...parts) };
  }
  if (Object.keys(source).length === 0) return { type: 'other', source: { ...others } };
  return { type: 'files', files: projectedFiles(mounting, source, mode) };
}

function projectedFiles(
  mounting: Mounting,
  { configMap, secret, downwardAPI, serviceAccountToken }: V1VolumeProjection,
  mode: number,
): Files {
  const { pod, facts } = mounting;
  if (configMap != null) return entryFiles(mounting, 'configmap', configMap, mode);
  if (secret != null) return entryFiles(mounting, 'secret', secret, mode);
  if (serviceAccountToken != null) {
    const account = String(pod.spec?.['serviceAccountName'] ?? 'default');
    const token = facts.issueToken(pod.metadata.namespace ?? '', account, serviceAccountToken.expirationSeconds ?? 3600);
    return { [serviceAccountToken.path]: { content: Buffer.from(token), mode } };
  }
  const items = (downwardAPI?.items ?? []).map(({ path, fieldRef, mode: own }) => {
    const text = fieldRef == null ? '' : readPodField(pod, fieldRef.fieldPath, facts);
    return [path, { content: Buffer.from(text), mode: own ?? mode }] as const;
  });
  return Object.fromEntries(items);
}

type EntrySource = { readonly name?: string; readonly optional?: boolean; readonly items?: V1KeyToPath[] };

function entryFiles({ store, pod }: Mounting, type: 'secret' | 'configmap', source: EntrySource, mode: number): Files {
  const { name = '', optional = false, items } = source;
  const entries = readEntries(store, pod.metadata.namespace ?? '', type, name);
  if (entries === undefined) {
    if (optional) return {};
    throw new MissingReference('ContainerCreating', `MountVolume.SetUp failed: ${type} "${name}" not found`);
  }
  const wanted = items ?? Object.keys(entries).map((key) => ({ key, path: key }));
  const files = wanted.map(({ key, path, mode: own }: V1KeyToPath) => {
    const content = entries[key];
    if (content === undefined && !optional)
      throw new MissingReference('ContainerCreating', `references non-existent ${type} key: ${key}`);
    return [path, { content: content ?? Buffer.alloc(0), mode: own ?? mode }] as const;
  });
  return Object.fromEntries(files);
}
