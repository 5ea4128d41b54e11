import { StatusError } from '../http/status-error.ts';
import type { Fields, KubeObject } from '../storage/kube-object.ts';
import { isFields } from '../storage/kube-object.ts';
import type { Change, ObjectKey } from '../storage/object-store.ts';
import { createObject } from '../verbs/create-object.ts';
import { type DeleteOptions, deleteObject } from '../verbs/delete-object.ts';
import { type Machinery, systemCaller, type Target, targetOf } from '../verbs/machinery.ts';
import { APPLY_PATCH, patchObject } from '../verbs/patch-object.ts';
import { writeObject } from '../verbs/write-object.ts';
import { recordEvent } from './record-event.ts';

/** Brings about what objects ask for. It is told of changes and looks at one object at a time, as it is by then. */
export type Controller = {
  readonly name: string;
  /** The objects to look at again after a change. */
  concerns(change: Change, actor: Actor): Iterable<ObjectKey>;
  /** What is thrown is a fault of the stand-in and fails the test that started it. */
  reconcile(key: ObjectKey, actor: Actor): void;
};

/** What a controller does, under its own name. Everything takes effect at once. */
export class Actor {
  readonly machinery: Machinery;
  readonly #fieldManager: string;
  readonly #lookAgain: (key: ObjectKey) => void;

  constructor(machinery: Machinery, fieldManager: string, lookAgain: (key: ObjectKey) => void = () => undefined) {
    this.machinery = machinery;
    this.#fieldManager = fieldManager;
    this.#lookAgain = lookAgain;
  }

  /** Has the controller look at an object when some time has passed, whether it changes or not. */
  lookAgainIn(key: ObjectKey, delayMs: number): void {
    setTimeout(() => this.#lookAgain(key), delayMs).unref();
  }

  /** Tells people what happened to an object. Said once more it is counted, not repeated. */
  tellEvent(object: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string): void {
    recordEvent(this.machinery, systemCaller(this.#fieldManager), { object, type, reason, message });
  }

  read(key: ObjectKey): KubeObject | undefined {
    return this.machinery.store.read(key);
  }

  list(resource: string, namespace = ''): KubeObject[] {
    return this.machinery.store.list(resource, namespace);
  }

  /** @param resource `group/plural` @throws StatusError as for anybody else */
  create(resource: string, namespace: string, body: Fields): KubeObject {
    const kind = this.#kindOf(resource);
    return createObject(this.machinery, { kind, namespace, body, caller: systemCaller(this.#fieldManager) });
  }

  /** Server-side apply that takes every field it wants. @throws StatusError as for anybody else */
  apply(key: ObjectKey, body: Fields): KubeObject {
    const { namespace, name } = key;
    const target = { kind: this.#kindOf(key.resource), namespace, name, subresource: '' };
    const patch = { mediaType: APPLY_PATCH, body, force: true };
    return patchObject(this.machinery, target, patch, systemCaller(this.#fieldManager));
  }

  /** Changes what `change` returns differently; no change is no write. */
  update(key: ObjectKey, change: (object: KubeObject) => KubeObject, subresource = ''): void {
    const before = this.read(key);
    if (before === undefined) return;
    const target = this.#targetOf(key, before, subresource);
    const after = change(structuredClone(before));
    writeObject(this.machinery, { target, before, after, caller: systemCaller(this.#fieldManager) });
  }

  /** Replaces the named fields of the status. */
  setStatus(key: ObjectKey, status: Fields): void {
    this.update(key, (object) => ({ ...object, status: { ...object.status, ...status } }), 'status');
  }

  /** What is already gone is no failure. */
  remove(key: ObjectKey, options: DeleteOptions): void {
    const object = this.read(key);
    if (object === undefined) return;
    try {
      deleteObject(this.machinery, this.#targetOf(key, object, ''), options);
    } catch (error) {
      if (!(error instanceof StatusError && [404, 409].includes(error.code))) throw error;
    }
  }

  dropFinalizer(key: ObjectKey, finalizer: string): void {
    this.update(key, (object) => {
      const finalizers = (object.metadata.finalizers ?? []).filter((name) => name !== finalizer);
      return { ...object, metadata: { ...object.metadata, finalizers } };
    });
  }

  #kindOf(resource: string) {
    const kind = this.machinery.kinds.byResource(resource);
    if (kind === undefined) throw new Error(`no kind is served as ${resource}`);
    return kind;
  }

  #targetOf(key: ObjectKey, object: KubeObject, subresource: string): Target {
    return targetOf(this.#kindOf(key.resource), object, subresource);
  }
}

/** Runs controllers: each change makes those look again whom it concerns, one object after another. */
export class ControllerManager {
  readonly #machinery: Machinery;
  readonly #unsubscribe: (() => void)[] = [];
  readonly #failures: unknown[] = [];
  #isStopped = false;

  constructor(machinery: Machinery) {
    this.#machinery = machinery;
  }

  /** Begins with what is there already. */
  run(controller: Controller): void {
    const waiting = new Map<string, ObjectKey>();
    const enqueue = (key: ObjectKey) => {
      if (waiting.size === 0) setImmediate(work);
      waiting.set(`${key.resource}/${key.namespace}/${key.name}`, key);
    };
    const actor = new Actor(this.#machinery, controller.name, enqueue);
    const work = () => {
      const keys = [...waiting.values()];
      waiting.clear();
      for (const key of keys) this.#reconcile(controller, key, actor);
    };
    const look = (change: Change) => {
      for (const key of controller.concerns(change, actor)) enqueue(key);
    };
    this.#unsubscribe.push(this.#machinery.store.subscribe(look));
    const revision = this.#machinery.store.revision;
    for (const { key, object } of this.#machinery.store.all())
      look({ revision, type: 'ADDED', key, object, previous: undefined });
  }

  /** @throws AggregateError what went wrong within controllers */
  stop(): void {
    this.#isStopped = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, 'controllers of the stand-in failed');
  }

  #reconcile(controller: Controller, key: ObjectKey, actor: Actor): void {
    if (this.#isStopped) return;
    try {
      controller.reconcile(key, actor);
    } catch (error) {
      this.#failures.push(new Error(`${controller.name} at ${key.resource} ${key.namespace}/${key.name}`, { cause: error }));
    }
  }
}

/** The object that has another as its part and manages it. */
export function controllerOf({ metadata }: KubeObject, resource: string): ObjectKey[] {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner === undefined ? [] : [{ resource, namespace: metadata.namespace ?? '', name: owner.name }];
}

export function isControlledBy({ metadata }: KubeObject, uid: string | undefined): boolean {
  return metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) === true;
}

/** The reference with which a controller marks what it makes. */
export function controllerReference({ apiVersion, kind, metadata }: KubeObject): Fields {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}

export type Condition = {
  /** RFC 3339; where the kind has it. */
  readonly lastUpdateTime?: string;
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
};

/** The conditions with some set anew; the time of transition moves only with the status. @param now RFC 3339 */
export function setConditions(status: Fields | undefined, changes: readonly Condition[], now: string): Fields[] {
  const old = Array.isArray(status?.['conditions']) ? status['conditions'].filter(isFields) : [];
  const kept = old.filter(({ type }) => !changes.some((change) => change.type === type));
  const set = changes.map((change) => {
    const before = old.find(({ type }) => type === change.type);
    const lastTransitionTime = before?.['status'] === change.status ? before['lastTransitionTime'] : now;
    return { ...change, lastTransitionTime };
  });
  return [...kept, ...set];
}
