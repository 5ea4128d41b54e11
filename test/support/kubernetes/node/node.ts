import type { V1Pod } from '@kubernetes/client-node';
import type { Actor, Controller } from '../controllers/controller.ts';
import { eventOfWaiting } from '../controllers/record-event.ts';
import { isSame, type KubeObject, viewAs } from '../storage/kube-object.ts';
import type { ObjectKey } from '../storage/object-store.ts';
import { MissingReference } from './missing-reference.ts';
import { mountPod } from './mount-pod.ts';
import type { NodeFacts } from './pod-fields.ts';
import type { MountedPod, PodProcess, PodReport, PodRunner } from './pod-runner.ts';
import { type ContainerState, describePod, endOf } from './pod-status.ts';

const NODE_NAME = 'stand-in-node';
const PODS = '/pods';

/** What the node knows of a pod it has taken over. */
type Residence = {
  readonly key: ObjectKey;
  readonly uid: string;
  readonly podIp: string;
  readonly containers: Map<string, ContainerState>;
  /** Undefined until everything the pod refers to was found. */
  mounted: MountedPod | undefined;
  process: Promise<PodProcess> | undefined;
  isStopping: boolean;
  restarts: number;
};

export type NodeOptions = {
  readonly hostIp: string;
  readonly issueToken: NodeFacts['issueToken'];
  /** How long a container that ended waits for its next start. @param restarts how often it was started again before */
  restartDelayMs(restarts: number): number;
};

/** The one node of the cluster: takes every pod, has a runner run it and tells what becomes of it. */
export class Node implements Controller {
  readonly name = 'kubelet';
  readonly #options: NodeOptions;
  readonly #residences = new Map<string, Residence>();
  #runner: PodRunner;
  #nextIp = 1;

  constructor(runner: PodRunner, options: NodeOptions) {
    this.#runner = runner;
    this.#options = options;
  }

  /** For pods that are started from now on. */
  setRunner(runner: PodRunner): void {
    this.#runner = runner;
  }

  concerns({ key, object }: { key: ObjectKey; object: KubeObject }): ObjectKey[] {
    if (key.resource === PODS) return [{ ...key, name: key.name }];
    if (key.resource !== '/secrets' && key.resource !== '/configmaps') return [];
    return [...this.#residences.values()]
      .filter((residence) => residence.key.namespace === object.metadata.namespace)
      .map((residence) => residence.key);
  }

  reconcile(key: ObjectKey, actor: Actor): void {
    const pod = actor.read(key);
    for (const residence of this.#residences.values()) {
      if (isAt(residence, key) && residence.uid !== pod?.metadata.uid) this.#abandon(residence);
    }
    if (pod === undefined) return;
    const residence = this.#residences.get(pod.metadata.uid ?? '');
    if (pod.metadata.deletionTimestamp !== undefined) this.#stop(pod, residence, key, actor);
    else if (residence === undefined) this.#takeOver(pod, key, actor);
    else if (residence.mounted === undefined) this.#tryStart(pod, residence, actor);
    else this.#refresh(pod, residence, residence.mounted, actor);
  }

  /** What a container has written, as far as its runner tells. */
  async readLog(namespace: string, name: string, container: string | undefined): Promise<string> {
    const residence = [...this.#residences.values()].find(({ key }) => key.namespace === namespace && key.name === name);
    const process = await residence?.process;
    return process?.readLog?.(container ?? residence?.containers.keys().next().value ?? '') ?? '';
  }

  /** Stops everything that runs, without grace. */
  async stopAll(): Promise<void> {
    const processes = await Promise.allSettled([...this.#residences.values()].map(({ process }) => process));
    this.#residences.clear();
    await Promise.all(processes.map((one) => (one.status === 'fulfilled' ? one.value?.stop(0) : undefined)));
  }

  #takeOver(pod: KubeObject, key: ObjectKey, actor: Actor): void {
    const podIp = this.#runner.assignIp?.(viewAs<V1Pod>(pod)) ?? this.#makeUpIp();
    const names = (viewAs<V1Pod>(pod).spec?.containers ?? []).map(({ name }) => name);
    const waiting: ContainerState = { type: 'waiting', reason: 'ContainerCreating', message: '' };
    const containers = new Map(names.map((name) => [name, waiting]));
    const uid = pod.metadata.uid ?? '';
    const residence: Residence = {
      key,
      uid,
      podIp,
      containers,
      mounted: undefined,
      process: undefined,
      isStopping: false,
      restarts: 0,
    };
    this.#residences.set(uid, residence);
    // A pod is bound by a request of its own, which changes what nobody else may change.
    if (pod.spec?.['nodeName'] === undefined)
      actor.machinery.store.write(key, { ...pod, spec: { ...pod.spec, nodeName: NODE_NAME } });
    this.#tell(residence, actor);
    this.#tryStart(actor.read(key) ?? pod, residence, actor);
  }

  #tryStart(pod: KubeObject, residence: Residence, actor: Actor): void {
    try {
      residence.mounted = mountPod(actor.machinery.store, pod, this.#factsOf(residence));
    } catch (error) {
      if (!(error instanceof MissingReference)) throw error;
      this.#setAll(residence, { type: 'waiting', reason: error.reason, message: error.message });
      this.#tell(residence, actor);
      const [container = ''] = residence.containers.keys();
      actor.tellEvent(pod, 'Warning', ...eventOfWaiting(container, error));
      return;
    }
    this.#start(pod, residence, residence.mounted, actor);
  }

  #start(pod: KubeObject, residence: Residence, mounted: MountedPod, actor: Actor): void {
    const startedAt = actor.machinery.now();
    this.#setAll(residence, { type: 'running', startedAt, isReady: false });
    const process = this.#runner.start(viewAs<V1Pod>(structuredClone(pod)), mounted, this.#reportOf(residence, actor));
    residence.process = process;
    process.catch((error: unknown) => {
      this.#setAll(residence, { type: 'waiting', reason: 'CreateContainerError', message: String(error) });
      this.#tell(residence, actor);
    });
    this.#tell(residence, actor);
  }

  #reportOf(residence: Residence, actor: Actor): PodReport {
    const set = (container: string, change: (before: ContainerState) => ContainerState) => {
      const before = residence.containers.get(container);
      if (before === undefined || residence.isStopping || !this.#residences.has(residence.uid)) return;
      residence.containers.set(container, change(before));
      this.#tell(residence, actor);
    };
    return {
      ready: (container, isReady) => set(container, (before) => (before.type === 'running' ? { ...before, isReady } : before)),
      blocked: (container, reason, message) => set(container, () => ({ type: 'waiting', reason, message })),
      exited: (container, exitCode, message = '') => {
        set(container, (before) => endOf(before, exitCode, message, actor.machinery.now()));
        this.#afterExit(residence, exitCode, actor);
      },
    };
  }

  /** Simplified: a container is started again together with the others of its pod. */
  #afterExit(residence: Residence, exitCode: number, actor: Actor): void {
    const policy = actor.read(residence.key)?.spec?.['restartPolicy'];
    if (residence.isStopping || policy === 'Never' || (policy === 'OnFailure' && exitCode === 0)) return;
    setTimeout(() => void this.#restart(residence, actor), this.#options.restartDelayMs(residence.restarts)).unref();
  }

  async #restart(residence: Residence, actor: Actor): Promise<void> {
    const process = await residence.process?.catch(() => undefined);
    await process?.stop(0);
    const pod = actor.read(residence.key);
    const { mounted } = residence;
    if (pod === undefined || mounted === undefined || residence.isStopping || pod.metadata.uid !== residence.uid) return;
    residence.restarts += 1;
    this.#start(pod, residence, mounted, actor);
  }

  #refresh(pod: KubeObject, residence: Residence, mounted: MountedPod, actor: Actor): void {
    try {
      const next = mountPod(actor.machinery.store, pod, this.#factsOf(residence));
      if (isSame(next.volumes, mounted.volumes)) return;
      residence.mounted = next;
      void residence.process?.then((process) => process.update?.(next.volumes)).catch(() => undefined);
    } catch (error) {
      // What was mounted stays so when its origin goes.
      if (!(error instanceof MissingReference)) throw error;
    }
  }

  #stop(pod: KubeObject, residence: Residence | undefined, key: ObjectKey, actor: Actor): void {
    if (residence?.isStopping === true || (pod.metadata.deletionGracePeriodSeconds === 0 && residence === undefined)) return;
    if (residence !== undefined) residence.isStopping = true;
    const grace = pod.metadata.deletionGracePeriodSeconds ?? 0;
    void this.#stopProcess(residence, grace).then(() => {
      this.#residences.delete(pod.metadata.uid ?? '');
      actor.remove(key, { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid ?? '' } });
    });
  }

  async #stopProcess(residence: Residence | undefined, graceSeconds: number): Promise<void> {
    const process = await residence?.process?.catch(() => undefined);
    await process?.stop(graceSeconds);
  }

  #abandon(residence: Residence): void {
    this.#residences.delete(residence.uid);
    if (residence.isStopping) return;
    residence.isStopping = true;
    void this.#stopProcess(residence, 0);
  }

  #setAll(residence: Residence, state: ContainerState): void {
    for (const name of residence.containers.keys()) residence.containers.set(name, state);
  }

  #tell({ key, uid, containers, podIp, restarts }: Residence, actor: Actor): void {
    const pod = actor.read(key);
    if (pod?.metadata.uid !== uid) return;
    const { hostIp } = this.#options;
    actor.setStatus(key, describePod(pod, { containers, podIp, hostIp, restarts, now: actor.machinery.now() }));
  }

  #factsOf({ podIp }: Residence): NodeFacts {
    const { hostIp, issueToken } = this.#options;
    return { podIp, hostIp, issueToken };
  }

  #makeUpIp(): string {
    this.#nextIp += 1;
    return `10.244.${Math.floor(this.#nextIp / 250)}.${(this.#nextIp % 250) + 1}`;
  }
}

function isAt({ key }: Residence, { namespace, name }: ObjectKey): boolean {
  return key.namespace === namespace && key.name === name;
}
