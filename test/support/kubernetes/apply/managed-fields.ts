import { type Fields, isSame, type ManagedFieldsEntry } from '../storage/kube-object.ts';
import { type FieldPath, fieldValuesOf, fromFieldsV1, SEPARATOR, toFieldsV1 } from './field-values.ts';
import type { Topology } from './topology.ts';

/** Who writes, how, and which part of the object: the status has owners of its own. */
export type FieldsWriter = {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339, whole seconds. */
  readonly time: string;
};

/** An entry of managedFields with its paths taken apart. */
export type Owner = Omit<ManagedFieldsEntry, 'fieldsV1'> & { readonly paths: Set<FieldPath> };

export function readOwners(entries: readonly ManagedFieldsEntry[] | undefined): Owner[] {
  return (entries ?? []).map(({ fieldsV1, ...entry }) => ({ ...entry, paths: new Set(fromFieldsV1(fieldsV1)) }));
}

/** Owners of nothing are forgotten. */
export function writeOwners(owners: readonly Owner[]): ManagedFieldsEntry[] {
  return owners.filter(({ paths }) => paths.size > 0).map(({ paths, ...entry }) => ({ ...entry, fieldsV1: toFieldsV1(paths) }));
}

export function isWriter(owner: Owner, writer: FieldsWriter): boolean {
  return (
    owner.manager === writer.manager && owner.operation === writer.operation && (owner.subresource ?? '') === writer.subresource
  );
}

export function newOwner({ subresource, ...writer }: FieldsWriter, paths: Set<FieldPath>): Owner {
  return { ...writer, fieldsType: 'FieldsV1', ...(subresource === '' ? {} : { subresource }), paths };
}

/**
 * The owners after somebody other than an applier changed an object: the writer has what changed, nobody else has it,
 * and nobody has what is gone.
 */
export function ownersAfterUpdate(before: Fields | undefined, after: Fields, writer: FieldsWriter, topology: Topology): Owner[] {
  const old = before === undefined ? new Map<FieldPath, unknown>() : fieldValuesOf(before, topology);
  const now = fieldValuesOf(after, topology);
  const changed = [...now].filter(([path, value]) => !old.has(path) || !isSame(old.get(path), value)).map(([path]) => path);
  const gone = [...old.keys()].filter((path) => !now.has(path));
  const entries = (before?.['metadata'] as { managedFields?: ManagedFieldsEntry[] } | undefined)?.managedFields;
  const owners = readOwners(entries);
  for (const owner of owners) {
    for (const path of [...gone, ...(isWriter(owner, writer) ? [] : changed)]) owner.paths.delete(path);
  }
  if (changed.length === 0) return owners;
  const own = owners.find((owner) => isWriter(owner, writer));
  if (own === undefined) return [...owners, newOwner(writer, new Set(changed))];
  return owners.map((owner) =>
    owner === own ? { ...own, time: writer.time, paths: new Set([...own.paths, ...changed]) } : owner,
  );
}

/** Whether an owner has the path itself or something below it. */
export function hasBelow(owner: Owner, path: FieldPath): boolean {
  if (owner.paths.has(path)) return true;
  const prefix = `${path}${SEPARATOR}`;
  return [...owner.paths].some((owned) => owned.startsWith(prefix));
}
