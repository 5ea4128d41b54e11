import { badRequest } from '../http/status-error.ts';
import { type Fields, isFields, type KubeObject } from '../storage/kube-object.ts';
import type { Caller, Machinery, Target } from './machinery.ts';
import { readObject } from './update-object.ts';
import { writeObject } from './write-object.ts';

/** The size of a workload as an object of the kind Scale. */
export function readScale(machinery: Machinery, target: Target): Fields {
  return toScale(readObject(machinery, target));
}

/** Changes nothing but the size. The body is a Scale, or a merge patch of one. */
export function writeScale(machinery: Machinery, target: Target, body: unknown, caller: Caller): Fields {
  const replicas = isFields(body) && isFields(body['spec']) ? body['spec']['replicas'] : undefined;
  if (typeof replicas !== 'number') throw badRequest('spec.replicas must be a number');
  const before = readObject(machinery, target);
  const after: KubeObject = { ...before, spec: { ...before.spec, replicas } };
  return toScale(writeObject(machinery, { target: { ...target, subresource: '' }, before, after, caller }));
}

function toScale({ metadata, spec, status }: KubeObject): Fields {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec?.['replicas'] ?? 0 },
    status: { replicas: status?.['replicas'] ?? 0 },
  };
}
