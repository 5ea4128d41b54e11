import { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Cluster, KubeObject, Manifest, OwnerReference } from '../../cluster/cluster.types.ts';
import { mergeRecord, orphanRecord } from '../merge-record.ts';
import { EXPIRES_ANNOTATION, labelsOf, RECORD_ANNOTATION, ROOT_SELECTOR, TARGET_ANNOTATION } from './clone-names.ts';

/**
 * The ConfigMap that stands for a clone: it holds the record and owns all other objects. It is made first and removed last,
 * so that whatever exists is found by its root.
 */
export type CloneRoot = {
  readonly record: CloneRecord;
  readonly owner: OwnerReference;
  /** What serves the clone, once that is decided: the name of a warm target, or the clone's own. */
  readonly target: string | undefined;
  readonly version: string | undefined;
};

/** @throws AppError `clone.not_ready` when the clone is being removed */
export async function ensureRoot(
  cluster: Cluster,
  record: CloneRecord,
  signal: AbortSignal,
): Promise<CloneRoot & { readonly isNew: boolean }> {
  const made = await cluster.create(renderRoot(record), signal);
  const root = made ?? (await cluster.read({ kind: 'ConfigMap', name: record.id }, signal));
  const found = root && rootOf(root, record.url);
  assertStays(found, record.id);
  return { ...found, isNew: made !== undefined };
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

/** What serves each clone; undefined for one where that is not decided. */
export async function listTargetsOfClones(
  cluster: Cluster,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string | undefined>> {
  const roots = await cluster.list({ kind: 'ConfigMap', labels: ROOT_SELECTOR }, signal);
  return new Map(roots.map(({ metadata }) => [metadata.name, metadata.annotations?.[TARGET_ANNOTATION]]));
}

/** Merges fields into the record; of two workers that do so at once none is lost. @returns undefined when the clone is gone */
export async function updateRoot(
  cluster: Cluster,
  cloneId: string,
  patch: Partial<CloneRecord>,
  { url, signal }: ReadOptions,
): Promise<CloneRoot | undefined> {
  for (;;) {
    const root = await cluster.read({ kind: 'ConfigMap', name: cloneId }, signal);
    if (root === undefined) return undefined;
    const found = rootOf(root, url);
    const record = mergeRecord(found.record, patch);
    const { resourceVersion } = root.metadata;
    const metadata = { resourceVersion, annotations: annotationsOf(record) };
    const answer = await cluster.patch({ kind: 'ConfigMap', name: cloneId }, { metadata }, signal);
    if (answer === undefined) return undefined;
    if (answer !== 'conflict') return { ...found, record };
  }
}

/**
 * Writes down what serves the clone, unless that is decided already.
 * @param stale a decision that no longer holds
 * @returns what was decided, maybe by another worker
 * @throws AppError `clone.not_ready` when the clone is being removed
 */
export async function settleTarget(
  cluster: Cluster,
  root: CloneRoot,
  { target, stale, signal }: { target: string; stale: string | undefined; signal: AbortSignal },
): Promise<string> {
  const cloneId = root.owner.name;
  const { url } = root.record;
  for (let seen: CloneRoot | undefined = root; ; seen = await readRoot(cluster, cloneId, { url, signal })) {
    assertStays(seen, cloneId);
    if (seen.target !== undefined && seen.target !== stale) return seen.target;
    const metadata = { resourceVersion: seen.version, annotations: { [TARGET_ANNOTATION]: target } };
    const answer = await cluster.patch({ kind: 'ConfigMap', name: cloneId }, { metadata }, signal);
    if (answer !== undefined && answer !== 'conflict') return target;
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
  const { name, uid = '', annotations, resourceVersion } = object.metadata;
  return {
    record: recordOf(object, url),
    owner: { apiVersion: 'v1', kind: 'ConfigMap', name, uid },
    target: annotations?.[TARGET_ANNOTATION],
    version: resourceVersion,
  };
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

/** @throws AppError `clone.not_ready` */
export function assertStays(root: CloneRoot | undefined, cloneId: string): asserts root is CloneRoot {
  if (root === undefined || isLeaving(root.record))
    throw new AppError('clone.not_ready', { cloneId, status: root?.record.status ?? 'expired' });
}

/** Nothing may be added to it any more. */
export function isLeaving({ status }: CloneRecord): boolean {
  return status === 'expiring' || status === 'expired';
}
