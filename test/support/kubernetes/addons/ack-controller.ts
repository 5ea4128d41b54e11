import type { Controller } from '../controllers/controller.ts';
import { setConditions } from '../controllers/controller.ts';
import type { Fields, KubeObject } from '../storage/kube-object.ts';
import { timeOf } from '../verbs/machinery.ts';

/** What becomes of a database that is asked for. A test that wants one to be reached gives the address of a real one. */
export type DatabaseOutcome =
  | { readonly type: 'pending' }
  | { readonly type: 'available'; readonly address: string; readonly port: number }
  | { readonly type: 'terminal'; readonly message: string };

const INSTANCES = 'rds.services.k8s.aws/dbinstances';
const FINALIZER = 'finalizers.rds.services.k8s.aws/DBInstance';

/** Stands in for ACK's controller of databases; what is outstanding follows when the outcome is set anew. */
export function createAckController(first: DatabaseOutcome = { type: 'pending' }): {
  readonly controller: Controller;
  setOutcome(outcome: DatabaseOutcome): void;
} {
  let outcome = first;
  let settleAll = (): void => undefined;
  const controller: Controller = {
    name: 'ack-rds-controller',
    concerns({ key }, actor) {
      settleAll = () => {
        for (const { metadata } of actor.list(INSTANCES)) {
          controller.reconcile({ resource: INSTANCES, namespace: metadata.namespace ?? '', name: metadata.name }, actor);
        }
      };
      return key.resource === INSTANCES ? [key] : [];
    },
    reconcile(key, actor) {
      const instance = actor.read(key);
      if (instance === undefined) return;
      if (instance.metadata.deletionTimestamp !== undefined) return actor.dropFinalizer(key, FINALIZER);
      actor.update(key, withFinalizer);
      const current = actor.read(key) ?? instance;
      actor.setStatus(key, statusOf(current, outcome, timeOf(actor.machinery.now())));
    },
  };
  return {
    controller,
    setOutcome(next) {
      outcome = next;
      settleAll();
    },
  };
}

function withFinalizer(object: KubeObject): KubeObject {
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(FINALIZER)) return object;
  return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, FINALIZER] } };
}

function statusOf({ metadata, spec, status }: KubeObject, outcome: DatabaseOutcome, now: string): Fields {
  const region = 'eu-central-1';
  const arn = `arn:aws:rds:${region}:000000000000:db:${String(spec?.['dbInstanceIdentifier'])}`;
  const identity = { ackResourceMetadata: { ownerAccountID: '000000000000', region, arn } };
  const condition = (type: string, isTrue: boolean, message = '') => ({
    type,
    status: isTrue ? ('True' as const) : ('False' as const),
    reason: '',
    message,
  });
  if (outcome.type === 'terminal') {
    const terminal = [
      condition('ACK.Terminal', true, outcome.message),
      condition('ACK.ResourceSynced', false),
      condition('Ready', false),
    ];
    return { ...identity, conditions: setConditions(status, terminal, now) };
  }
  const isAvailable = outcome.type === 'available';
  const conditions = setConditions(status, [condition('ACK.ResourceSynced', isAvailable), condition('Ready', isAvailable)], now);
  if (!isAvailable) return { ...identity, dbInstanceStatus: 'creating', conditions };
  const endpoint = { address: outcome.address, port: outcome.port, hostedZoneID: `Z${metadata.uid?.slice(0, 8)}` };
  return { ...identity, dbInstanceStatus: 'available', endpoint, conditions };
}
