import type { Kind, KindRegistry } from '../kinds/kind.ts';
import { resourceOf } from '../kinds/kind.ts';
import type { KubeObject } from '../storage/kube-object.ts';
import type { ObjectKey, ObjectStore } from '../storage/object-store.ts';

/** Who asks, and in which manner. */
export type Caller = {
  readonly user: string;
  readonly groups: readonly string[];
  readonly fieldManager: string;
  /** Check everything, keep nothing. */
  readonly dryRun: boolean;
};

/** Which object is meant. The namespace is empty for kinds without one, the subresource for the object itself. */
export type Target = { readonly kind: Kind; readonly namespace: string; readonly name: string; readonly subresource: string };

/** Looks at what is about to be created; it may complete the object and may refuse it with a StatusError. */
export type Admission = (machinery: Machinery, kind: Kind, object: KubeObject) => void;

/** What all verbs work with. */
export type Machinery = {
  readonly store: ObjectStore;
  readonly kinds: KindRegistry;
  readonly now: () => Date;
  readonly admissions: readonly Admission[];
};

/** RFC 3339 in whole seconds, as the API states times. */
export function timeOf(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

export function storeKey({ kind, namespace, name }: Pick<Target, 'kind' | 'namespace' | 'name'>): ObjectKey {
  return { resource: resourceOf(kind), namespace, name };
}

export function targetOf(kind: Kind, object: KubeObject, subresource = ''): Target {
  return { kind, namespace: object.metadata.namespace ?? '', name: object.metadata.name, subresource };
}

/** The server itself: may do everything, and its fields are its own. @param fieldManager the name of the part that acts */
export function systemCaller(fieldManager: string): Caller {
  return { user: `system:${fieldManager}`, groups: ['system:masters'], fieldManager, dryRun: false };
}
