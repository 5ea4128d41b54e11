import { StatusError } from '../http/status-error.ts';
import { type Fields, isSame, type KubeObject, type ManagedFieldsEntry } from '../storage/kube-object.ts';
import { describePath, type FieldPath, fieldValuesOf, SEPARATOR } from './field-values.ts';
import { type FieldsWriter, hasBelow, isWriter, newOwner, type Owner, readOwners, writeOwners } from './managed-fields.ts';
import { mergeApplied, removePath } from './merge-applied.ts';
import type { Topology } from './topology.ts';

/** What somebody wants an object to be, as far as they care. */
export type Application = {
  readonly live: KubeObject;
  readonly applied: Fields;
  readonly writer: FieldsWriter;
  /** Take fields from whoever has them with another value. */
  readonly force: boolean;
  readonly topology: Topology;
};

/**
 * The object after server-side apply, with its managedFields.
 *
 * @throws StatusError 409 with a cause per field that another manager has with another value
 */
export function applyConfiguration({ live, applied, writer, force, topology }: Application): KubeObject {
  const wanted = fieldValuesOf(applied, topology);
  const current = fieldValuesOf(live, topology);
  const owners = readOwners(live.metadata.managedFields);
  const [mine] = owners.filter((owner) => isWriter(owner, writer));
  const others = owners.filter((owner) => owner !== mine);
  const conflicts = findConflicts(others, wanted, current);
  if (conflicts.length > 0 && !force) throw conflictError(conflicts);
  for (const { owner, path } of conflicts) owner.paths.delete(path);
  const merged = structuredClone(mergeApplied(live, applied, topology)) as KubeObject;
  const dropped = [...(mine?.paths ?? [])].filter((path) => !wanted.has(path));
  removeDropped(merged, dropped, others, wanted, topology);
  const own = ownAfter(mine, writer, new Set(wanted.keys()));
  const managedFields = writeOwners(
    mine === undefined ? [...owners, own] : owners.map((owner) => (owner === mine ? own : owner)),
  );
  // The applied metadata may not replace what the server keeps there.
  return { ...merged, metadata: { ...merged.metadata, managedFields: forget(managedFields, merged, topology) } };
}

/** An unchanged application leaves no trace, not even a time. */
function ownAfter(mine: Owner | undefined, writer: FieldsWriter, paths: Set<FieldPath>): Owner {
  if (mine !== undefined && mine.paths.size === paths.size && [...paths].every((path) => mine.paths.has(path))) return mine;
  return newOwner(writer, paths);
}

type FieldConflict = { readonly owner: Owner; readonly path: FieldPath };

function findConflicts(
  others: readonly Owner[],
  wanted: Map<FieldPath, unknown>,
  current: Map<FieldPath, unknown>,
): FieldConflict[] {
  const differing = [...wanted].filter(([path, value]) => !isSame(current.get(path), value)).map(([path]) => path);
  return others.flatMap((owner) => differing.filter((path) => owner.paths.has(path)).map((path) => ({ owner, path })));
}

/** An item as a whole before its fields: without its key fields it could not be found any more. */
function removeDropped(
  object: Fields,
  dropped: readonly FieldPath[],
  others: readonly Owner[],
  wanted: Map<FieldPath, unknown>,
  topology: Topology,
): void {
  const stays = (path: FieldPath) => others.some((owner) => hasBelow(owner, path)) || isItemKey(path, others, wanted);
  for (const path of dropped.toSorted((one, other) => one.length - other.length)) {
    if (!stays(path)) removePath(object, path, topology);
  }
}

/** A key field goes with its item, never before it. */
function isItemKey(path: FieldPath, others: readonly Owner[], wanted: Map<FieldPath, unknown>): boolean {
  const elements = path.split(SEPARATOR);
  const [item, field] = elements.slice(-2);
  if (item === undefined || field === undefined || !item.startsWith('k:')) return false;
  const itemPath = elements.slice(0, -1).join(SEPARATOR);
  const itemStays = wanted.has(itemPath) || others.some((owner) => hasBelow(owner, itemPath));
  return itemStays && field.slice(2) in (JSON.parse(item.slice(2)) as Fields);
}

/** Nobody keeps what is no longer there. */
function forget(entries: readonly ManagedFieldsEntry[], object: Fields, topology: Topology): ManagedFieldsEntry[] {
  const values = fieldValuesOf(object, topology);
  const owners = readOwners(entries);
  for (const owner of owners) {
    for (const path of owner.paths) if (!values.has(path) && !hasChildren(values, path)) owner.paths.delete(path);
  }
  return writeOwners(owners);
}

function hasChildren(values: Map<FieldPath, unknown>, path: FieldPath): boolean {
  return [...values.keys()].some((known) => known.startsWith(`${path}${SEPARATOR}`));
}

function conflictError(conflicts: readonly FieldConflict[]): StatusError {
  const causes = conflicts.map(({ owner, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${describeOwner(owner)}`,
    field: describePath(path),
  }));
  const [first] = causes;
  const many = `Apply failed with ${causes.length} conflicts: ${groupByOwner(causes)}`;
  const one = `Apply failed with 1 conflict: ${first?.message}: ${first?.field}`;
  return new StatusError(409, 'Conflict', causes.length === 1 ? one : many, { causes });
}

function groupByOwner(causes: readonly { message: string; field: string }[]): string {
  const groups = Object.entries(Object.groupBy(causes, ({ message }) => message));
  return groups
    .map(
      ([message, group = []]) =>
        `${message.replace('conflict', 'conflicts')}:\n${group.map(({ field }) => `- ${field}`).join('\n')}`,
    )
    .join('\n');
}

/** When somebody applied is of no interest, when somebody updated is. */
function describeOwner({ manager, subresource, apiVersion, operation, time }: Owner): string {
  const part = subresource === undefined ? '' : ` with subresource "${subresource}"`;
  return `"${manager}"${part}${operation === 'Update' ? ` using ${apiVersion} at ${time}` : ''}`;
}
