import type { V1Pod } from '@kubernetes/client-node';
import { type Condition, setConditions } from '../controllers/controller.ts';
import { type Fields, type KubeObject, viewAs } from '../storage/kube-object.ts';
import { timeOf } from '../verbs/machinery.ts';

/** What a container does at the moment. */
export type ContainerState =
  | { readonly type: 'waiting'; readonly reason: string; readonly message: string }
  | { readonly type: 'running'; readonly startedAt: Date; readonly isReady: boolean }
  | {
      readonly type: 'terminated';
      readonly exitCode: number;
      readonly message: string;
      readonly startedAt: Date;
      readonly finishedAt: Date;
    };

/** What the node tells of a pod. */
export type PodFacts = {
  readonly containers: ReadonlyMap<string, ContainerState>;
  readonly podIp: string;
  readonly hostIp: string;
  readonly restarts: number;
  readonly now: Date;
};

/** The state of a container that has just ended. */
export function endOf(before: ContainerState, exitCode: number, message: string, now: Date): ContainerState {
  return {
    type: 'terminated',
    exitCode,
    message,
    startedAt: before.type === 'waiting' ? now : before.startedAt,
    finishedAt: now,
  };
}

/** A pod's status by the states of its containers. */
export function describePod(pod: KubeObject, { containers, podIp, hostIp, restarts, now }: PodFacts): Fields {
  const states = [...containers.values()];
  const isReady = states.every((state) => state.type === 'running' && state.isReady);
  const hasStarted = states.every((state) => state.type !== 'waiting');
  const phase = phaseOf(pod, states);
  const { spec, status } = viewAs<V1Pod>(pod);
  return {
    phase,
    conditions: setConditions(pod.status, conditionsOf(isReady, phase === 'Succeeded'), timeOf(now)),
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    ...(hasStarted ? { podIP: podIp, podIPs: [{ ip: podIp }] } : {}),
    startTime: status?.startTime ?? timeOf(now),
    containerStatuses: (spec?.containers ?? []).map(({ name, image = '' }) => ({
      name,
      image,
      imageID: '',
      restartCount: restarts,
      ...describeState(
        containers.get(name),
        status?.containerStatuses?.find((one) => one.name === name)?.lastState as Fields | undefined,
      ),
    })),
  };
}

function phaseOf({ spec }: KubeObject, states: readonly ContainerState[]): string {
  const ended = states.filter((state) => state.type === 'terminated');
  const policy = spec?.['restartPolicy'];
  const isOver = ended.length === states.length && policy !== 'Always';
  if (isOver && ended.every(({ exitCode }) => exitCode === 0)) return 'Succeeded';
  if (isOver && policy === 'Never') return 'Failed';
  return states.some((state) => state.type === 'waiting') && ended.length === 0 ? 'Pending' : 'Running';
}

function conditionsOf(isReady: boolean, isCompleted: boolean): Condition[] {
  const ready = isReady
    ? { status: 'True' as const, reason: '', message: '' }
    : {
        status: 'False' as const,
        reason: isCompleted ? 'PodCompleted' : 'ContainersNotReady',
        message: 'containers with unready status',
      };
  const fine = { status: 'True' as const, reason: '', message: '' };
  return [
    { type: 'PodScheduled', ...fine },
    { type: 'Initialized', ...fine },
    { type: 'ContainersReady', ...ready },
    { type: 'Ready', ...ready },
  ];
}

function describeState(state: ContainerState | undefined, lastState: Fields = {}): Fields {
  if (state === undefined || state.type === 'waiting') {
    const { reason = 'ContainerCreating', message = '' } = state ?? {};
    return { ready: false, started: false, state: { waiting: { reason, ...(message === '' ? {} : { message }) } }, lastState };
  }
  if (state.type === 'running') {
    return {
      ready: state.isReady,
      started: state.isReady,
      state: { running: { startedAt: timeOf(state.startedAt) } },
      lastState,
    };
  }
  const { exitCode, message, startedAt, finishedAt } = state;
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  const terminated = {
    exitCode,
    reason,
    ...(message === '' ? {} : { message }),
    startedAt: timeOf(startedAt),
    finishedAt: timeOf(finishedAt),
  };
  return { ready: false, started: false, state: { terminated }, lastState: { terminated } };
}
