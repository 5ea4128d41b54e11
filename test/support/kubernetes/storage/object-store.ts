import type { KubeObject } from './kube-object.ts';

/** Where an object lives: `group/plural` of its kind, its namespace (empty for what has none) and its name. */
export type ObjectKey = { readonly resource: string; readonly namespace: string; readonly name: string };

/** One write. `revision` is the resourceVersion it gave; `previous` is what was there before. */
export type Change = {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly key: ObjectKey;
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
};

/** Objects in memory with one counter of revisions and the history of changes. What it returns is not to be changed. */
export class ObjectStore {
  #revision = 1;
  #compacted = 0;
  readonly #resources = new Map<string, Map<string, KubeObject>>();
  #history: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();

  /** The newest resourceVersion. */
  get revision(): number {
    return this.#revision;
  }

  /** Changes up to and including this revision are forgotten. */
  get compacted(): number {
    return this.#compacted;
  }

  read({ resource, namespace, name }: ObjectKey): KubeObject | undefined {
    return this.#resources.get(resource)?.get(pathOf(namespace, name));
  }

  /** In the order of namespace and name, as etcd keeps them. An empty namespace means all. */
  list(resource: string, namespace = ''): KubeObject[] {
    const objects = [...(this.#resources.get(resource)?.entries() ?? [])];
    return objects
      .filter(([path]) => namespace === '' || path.startsWith(`${namespace}/`))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, object]) => object);
  }

  /** Every object there is. */
  all(): { key: ObjectKey; object: KubeObject }[] {
    return [...this.#resources].flatMap(([resource, objects]) =>
      [...objects.values()].map((object) => ({ key: keyOf(resource, object), object })),
    );
  }

  /** Stores what is given under a new resourceVersion and returns it with that. */
  write(key: ObjectKey, object: KubeObject): KubeObject {
    const objects = this.#resources.get(key.resource) ?? new Map<string, KubeObject>();
    this.#resources.set(key.resource, objects);
    const path = pathOf(key.namespace, key.name);
    const previous = objects.get(path);
    const revision = this.#nextRevision();
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    objects.set(path, stored);
    this.#tell({ revision, type: previous === undefined ? 'ADDED' : 'MODIFIED', key, object: stored, previous });
    return stored;
  }

  /** Forgets an object; its last state, which watchers get, carries the resourceVersion of the removal. */
  remove(key: ObjectKey, last?: KubeObject): KubeObject | undefined {
    const objects = this.#resources.get(key.resource);
    const previous = objects?.get(pathOf(key.namespace, key.name));
    if (previous === undefined) return undefined;
    objects?.delete(pathOf(key.namespace, key.name));
    const revision = this.#nextRevision();
    const base = last ?? previous;
    const object = { ...base, metadata: { ...base.metadata, resourceVersion: String(revision) } };
    this.#tell({ revision, type: 'DELETED', key, object, previous });
    return object;
  }

  /** The changes after a revision, oldest first. */
  changesSince(revision: number): Change[] {
    return this.#history.filter((change) => change.revision > revision);
  }

  /** Forgets the history: who asks for changes since an older revision is told that it is gone. */
  compact(): void {
    this.#compacted = this.#revision;
    this.#history = [];
  }

  /** Calls the listener within each write; it must not throw. Returns how to stop. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #nextRevision(): number {
    this.#revision += 1;
    return this.#revision;
  }

  #tell(change: Change): void {
    this.#history.push(change);
    for (const listener of [...this.#listeners]) listener(change);
  }
}

export function keyOf(resource: string, { metadata }: KubeObject): ObjectKey {
  return { resource, namespace: metadata.namespace ?? '', name: metadata.name };
}

function pathOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
