import { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Cluster, KubeObject, Manifest, OwnerReference } from '../../cluster/cluster.types.ts';
import { mergeRecord, orphanRecord } from '../merge-record.ts';
import { EXPIRES_ANNOTATION, labelsOf, RECORD_ANNOTATION, ROOT_SELECTOR } from './clone-names.ts';

/**
 * The ConfigMap that stands for a clone: it holds the record and owns all other objects. It is made first and removed last,
 * so that whatever exists is found by its root.
 */
export type CloneRoot = { readonly record: CloneRecord; readonly owner: OwnerReference };

/** @throws AppError `clone.not_ready` when the clone is being removed */
export async function ensureRoot(cluster: Cluster, record: CloneRecord, signal: AbortSignal): Promise<CloneRoot> {
  const made = await cluster.create(renderRoot(record), signal);
  const root = made ?? (await cluster.read({ kind: 'ConfigMap', name: record.id }, signal));
  const found = root && rootOf(root, record.url);
  if (found === undefined || isLeaving(found.record)) {
    throw new AppError('clone.not_ready', { cloneId: record.id, status: found?.record.status ?? 'expired' });
  }
  return found;
}

/** @param url address the clone would have, for one whose record cannot be read */
export async function readRoot(cluster: Cluster, cloneId: string, { url, signal }: ReadOptions): Promise<CloneRoot | undefined> {
  const root = await cluster.read({ kind: 'ConfigMap', name: cloneId }, signal);
  return root && rootOf(root, url);
}
type ReadOptions = { readonly url: string; readonly signal: AbortSignal };

export async function listRoots(
  cluster: Cluster,
  urlOf: (cloneId: string) => string,
  signal: AbortSignal,
): Promise<CloneRecord[]> {
  const roots = await cluster.list({ kind: 'ConfigMap', labels: ROOT_SELECTOR }, signal);
  return roots.map((root) => rootOf(root, urlOf(root.metadata.name)).record);
}

/** Merges fields into the record; of two workers that do so at once none is lost. @returns undefined when the clone is gone */
export async function updateRoot(
  cluster: Cluster,
  cloneId: string,
  patch: Partial<CloneRecord>,
  { url, signal }: ReadOptions,
): Promise<CloneRecord | undefined> {
  for (;;) {
    const root = await cluster.read({ kind: 'ConfigMap', name: cloneId }, signal);
    if (root === undefined) return undefined;
    const record = mergeRecord(rootOf(root, url).record, patch);
    const { resourceVersion } = root.metadata;
    const metadata = { resourceVersion, annotations: annotationsOf(record) };
    const answer = await cluster.patch({ kind: 'ConfigMap', name: cloneId }, { metadata }, signal);
    if (answer === undefined) return undefined;
    if (answer !== 'conflict') return record;
  }
}

function renderRoot(record: CloneRecord): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: record.id, labels: labelsOf(record.id, 'root'), annotations: annotationsOf(record) },
  };
}

function annotationsOf(record: CloneRecord): Record<string, string> {
  return { [RECORD_ANNOTATION]: JSON.stringify(record), [EXPIRES_ANNOTATION]: new Date(record.expiresAt).toISOString() };
}

function rootOf(object: KubeObject, url: string): CloneRoot {
  const { name, uid = '' } = object.metadata;
  return { record: recordOf(object, url), owner: { apiVersion: 'v1', kind: 'ConfigMap', name, uid } };
}

function recordOf(object: KubeObject, url: string): CloneRecord {
  const { name, creationTimestamp, deletionTimestamp, annotations } = object.metadata;
  try {
    const record = CloneRecord.parse(JSON.parse(annotations?.[RECORD_ANNOTATION] ?? ''));
    return deletionTimestamp === undefined ? record : mergeRecord(record, { status: 'expiring' });
  } catch {
    return orphanRecord(name, url, Date.parse(String(creationTimestamp)));
  }
}

/** Nothing may be added to it any more. */
export function isLeaving({ status }: CloneRecord): boolean {
  return status === 'expiring' || status === 'expired';
}
