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
  const { name: _name, emptyDir, persistentVolumeClaim: claim, ...source } = volume;
  if (emptyDir != null) {
    const { sizeLimit, medium } = emptyDir;
    return { type: 'emptyDir', ...(sizeLimit === undefined ? {} : { sizeLimit }), ...(medium === undefined ? {} : { medium }) };
  }
  if (claim != null) return { type: 'claim', claimName: claim.claimName, readOnly: claim.readOnly === true };
  const parts = projectionsOf(source);
  if (parts === undefined) return { type: 'other', source };
  const { configMap, secret, downwardAPI, projected } = source;
  const mode = (configMap ?? secret ?? downwardAPI ?? projected)?.defaultMode ?? 0o644;
  return { type: 'files', files: Object.assign({}, ...parts.map((part) => projectedFiles(mounting, part, mode))) };
}

/** Volumes of one source are read as projections of just that; `undefined` for volumes that are no files of the API. */
function projectionsOf({ configMap, secret, downwardAPI, projected }: Omit<V1Volume, 'name'>): V1VolumeProjection[] | undefined {
  if (projected != null) return projected.sources ?? [];
  if (configMap != null) return [{ configMap }];
  if (secret != null) return [{ secret: { ...secret, name: secret.secretName ?? '' } }];
  return downwardAPI == null ? undefined : [{ downwardAPI }];
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
