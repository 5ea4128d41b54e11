import { createHash, createHmac, randomUUID } from 'node:crypto';
import type { CloneRecord, CloneStatus } from '@wcr/shared/contracts/clone-record';
import type { CloneInput, SourceSecrets } from '@wcr/shared/contracts/jobs';
import { CLONE_QUEUE } from '@wcr/shared/contracts/queues';
import { createCloneId } from '@wcr/shared/domain/clone-id';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Caller } from '../access/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { viaRedis } from '../queue/redis-client.ts';
import type { NewClone } from './clone-bodies.ts';
import { type Reserved, reserveClone } from './reserve-clone.ts';

export type CloneRequest = {
  readonly body: NewClone;
  readonly caller: Caller;
  readonly idempotencyKey?: string | undefined;
  readonly requestId: string;
};
export type AcceptedClone = { readonly id: string; readonly url: string; readonly status: CloneStatus; readonly jobId: string };

type Deps = Pick<ApiDeps, 'redis' | 'queues' | 'sealer' | 'config' | 'now'>;
type Plan = { readonly record: CloneRecord; readonly secretRef: string; readonly input: CloneInput };

/** Four random characters a second: clashes are rare, so this many tries never run out in practice. */
const MAX_ID_TRIES = 8;

/**
 * Takes a clone on: seals the secrets, writes the projection, queues the job. Repeating it with the same Idempotency-Key,
 * at once or after an error at any point, gives the same clone and at most one job.
 * @throws AppError `queue.unavailable`, `request.idempotency_conflict`
 */
export async function requestClone(deps: Deps, request: CloneRequest): Promise<AcceptedClone> {
  for (let tries = 0; tries < MAX_ID_TRIES; tries++) {
    const plan = planClone(deps, request);
    const reserved = await reserveClone(deps.redis, {
      record: plan.record,
      secretRef: plan.secretRef,
      sealed: deps.sealer.seal(secretsOf(request.body), plan.secretRef),
      idempotency: idempotencyOf(deps, request),
    });
    if (reserved.outcome === 'taken') continue;
    return reserved.outcome === 'new' ? queueClone(deps, plan) : repeatClone(deps, request, reserved);
  }
  throw new AppError('queue.unavailable');
}

async function queueClone(deps: Deps, { record, input }: Plan): Promise<AcceptedClone> {
  const { jobId } = record;
  await viaRedis(() => deps.queues[CLONE_QUEUE].add(CLONE_QUEUE, input, { jobId }));
  return { id: record.id, url: record.url, status: record.status, jobId };
}

/** The job is added again only while the clone is still `queued`: adding is a no-op if it is there, and a clone that got further needs none. */
async function repeatClone(
  deps: Deps,
  request: CloneRequest,
  held: Extract<Reserved, { outcome: 'held' }>,
): Promise<AcceptedClone> {
  const { record, cloneId, jobId } = held;
  if (!record) return { id: cloneId, url: addressOf(deps, cloneId), status: 'expired', jobId };
  if (record.status !== 'queued') return { id: cloneId, url: record.url, status: record.status, jobId };
  const input = inputOf(request, record, secretRefOf(cloneId));
  return queueClone(deps, { record, input, secretRef: input.secretRef });
}

function planClone(deps: Deps, request: CloneRequest): Plan {
  const createdAt = deps.now();
  const id = createCloneId(new Date(createdAt));
  const { body, caller } = request;
  const record: CloneRecord = {
    id,
    ...(body.name === undefined ? {} : { name: body.name }),
    url: addressOf(deps, id),
    status: 'queued',
    owner: caller.id,
    sourceUrl: body.source.url,
    jobId: jobIdOf(request, id),
    createdAt,
    expiresAt: createdAt + body.ttlMinutes * 60_000,
  };
  const secretRef = secretRefOf(id);
  return { record, secretRef, input: inputOf(request, record, secretRef) };
}

function inputOf({ body, caller, requestId }: CloneRequest, record: CloneRecord, secretRef: string): CloneInput {
  const { url, loginUrl } = body.source;
  return {
    cloneId: record.id,
    source: { url, ...(loginUrl === undefined ? {} : { loginUrl }) },
    secretRef,
    ...(body.name === undefined ? {} : { name: body.name }),
    owner: caller.id,
    ttlMinutes: body.ttlMinutes,
    ...(body.exclude === undefined ? {} : { exclude: body.exclude }),
    requestedAt: record.createdAt,
    requestId,
  };
}

function secretsOf({ source: { username, password, pairingKey, httpAuth } }: NewClone): SourceSecrets {
  return { username, password, pairingKey: pairingKey?.toLowerCase(), httpAuth };
}

/** One clone has one clone job. A key's entry remembers the clone id, so a repeat finds the same job id. */
function jobIdOf({ caller, idempotencyKey }: CloneRequest, cloneId: string): string {
  const seed = `${caller.id}\n${idempotencyKey ?? randomUUID()}\n${cloneId}`;
  return `${CLONE_QUEUE}-${createHash('sha256').update(seed).digest('hex').slice(0, 32)}`;
}

/** The fingerprint is keyed: a plain digest of a body with a password in it could be guessed at. */
function idempotencyOf({ config }: Deps, { body, caller, idempotencyKey }: CloneRequest) {
  if (idempotencyKey === undefined) return undefined;
  const digest = createHash('sha256').update(`${caller.id}\n${idempotencyKey}`).digest('hex');
  const fingerprint = createHmac('sha256', config.secretsKey).update(JSON.stringify(body)).digest('hex');
  return { digest, fingerprint };
}

function secretRefOf(cloneId: string): string {
  return `source:${cloneId}`;
}

function addressOf({ config }: Deps, cloneId: string): string {
  return `${config.clonesUrl.replace(/\/+$/, '')}/${cloneId}/`;
}
