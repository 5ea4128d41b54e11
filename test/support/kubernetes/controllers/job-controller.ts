import type { V1Job } from '@kubernetes/client-node';
import { StatusError } from '../http/status-error.ts';
import { type Fields, type KubeObject, viewAs } from '../storage/kube-object.ts';
import { timeOf } from '../verbs/machinery.ts';
import { type Actor, type Controller, controllerOf, controllerReference, isControlledBy, setConditions } from './controller.ts';

const JOBS = 'batch/jobs';

/** Runs pods until enough of them succeeded or too many failed. */
export const jobController: Controller = {
  name: 'job-controller',
  concerns: ({ key, object }) => (key.resource === JOBS ? [key] : key.resource === '/pods' ? controllerOf(object, JOBS) : []),
  reconcile(key, actor) {
    const job = actor.read(key);
    if (job === undefined || job.metadata.deletionTimestamp !== undefined) return;
    const { spec, status } = viewAs<V1Job>(job);
    if (status?.conditions?.some(({ type }) => type === 'Complete' || type === 'Failed')) return;
    const pods = actor.list('/pods', key.namespace).filter((pod) => isControlledBy(pod, job.metadata.uid));
    const counted = (phase: string) => pods.filter((pod) => pod.status?.['phase'] === phase).length;
    const [succeeded, failed] = [counted('Succeeded'), counted('Failed')];
    const left = (spec?.completions ?? 1) - succeeded;
    const isFailed = failed > (spec?.backoffLimit ?? 6);
    const active = pods.length - succeeded - failed;
    const wanted = left <= 0 || isFailed || spec?.suspend === true ? 0 : Math.min(spec?.parallelism ?? 1, left);
    const more = startPods(actor, job, wanted - active);
    const startTime = status?.startTime ?? timeOf(actor.machinery.now());
    actor.setStatus(key, { active: active + more, succeeded, failed, startTime, ...endOf(actor, job, left, isFailed) });
  },
};

function startPods(actor: Actor, job: KubeObject, count: number): number {
  const template = job.spec?.['template'] as { metadata?: Fields; spec?: unknown };
  const { creationTimestamp: _none, ...metadata } = template.metadata ?? {};
  const generated = { generateName: `${job.metadata.name}-`, ownerReferences: [controllerReference(job)] };
  try {
    for (let index = 0; index < count; index += 1) {
      actor.create('/pods', job.metadata.namespace ?? '', {
        metadata: { ...metadata, ...generated },
        spec: structuredClone(template.spec),
      });
    }
    return Math.max(0, count);
  } catch (error) {
    if (error instanceof StatusError) return 0;
    throw error;
  }
}

function endOf(actor: Actor, job: KubeObject, left: number, isFailed: boolean): Fields {
  const now = timeOf(actor.machinery.now());
  if (isFailed) {
    const failure = {
      type: 'Failed',
      status: 'True' as const,
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    };
    return { conditions: setConditions(job.status, [failure], now) };
  }
  if (left > 0) return {};
  const complete = {
    type: 'Complete',
    status: 'True' as const,
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  };
  return { completionTime: now, conditions: setConditions(job.status, [complete], now) };
}
