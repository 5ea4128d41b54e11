import { createHash } from 'node:crypto';
import { StatusError } from '../http/status-error.ts';
import type { KubeObject } from '../storage/kube-object.ts';
import { createObject } from '../verbs/create-object.ts';
import { type Caller, type Machinery, targetOf, timeOf } from '../verbs/machinery.ts';
import { writeObject } from '../verbs/write-object.ts';

/** Something that happened to an object of a namespace. */
type Happening = {
  readonly object: KubeObject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
};

/** Keeps a happening as an Event; the same one again only raises its count. */
export function recordEvent(machinery: Machinery, caller: Caller, happening: Happening): void {
  const { object, type, reason, message } = happening;
  const kind = machinery.kinds.byResource('/events');
  if (kind === undefined) return;
  const { namespace = '', name: subject, uid } = object.metadata;
  const mark = createHash('sha256').update(`${uid}/${reason}/${message}`).digest('hex').slice(0, 16);
  const name = `${subject}.${mark}`;
  const now = timeOf(machinery.now());
  const before = machinery.store.read({ resource: '/events', namespace, name });
  try {
    if (before !== undefined) {
      const count = Number(before['count']) + 1;
      writeObject(machinery, { target: targetOf(kind, before), before, after: { ...before, count, lastTimestamp: now }, caller });
      return;
    }
    const { apiVersion, kind: what, metadata } = object;
    const involvedObject = { apiVersion, kind: what, namespace, name: subject, uid, resourceVersion: metadata.resourceVersion };
    const times = { firstTimestamp: now, lastTimestamp: now, count: 1 };
    const body = {
      metadata: { name },
      involvedObject,
      type,
      reason,
      message,
      source: { component: caller.fieldManager },
      ...times,
    };
    createObject(machinery, { kind, namespace, body, caller });
  } catch (error) {
    // A namespace that is about to go takes no more of them.
    if (!(error instanceof StatusError)) throw error;
  }
}

/** The reason and message of a container that waits, as its pod's events give them. */
export function eventOfWaiting(
  container: string,
  { reason, message }: { reason: string; message: string },
): readonly [string, string] {
  if (message === '') return ['BackOff', `Back-off restarting failed container ${container}`];
  return reason === 'ContainerCreating' ? ['FailedMount', message] : ['Failed', `Error: ${message}`];
}
