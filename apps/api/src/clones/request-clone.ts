import { createHash, randomUUID } from 'node:crypto';
import type { CloneRecord, CloneStatus } from '@wcr/shared/contracts/clone-record';
import type { CloneInput } from '@wcr/shared/contracts/jobs';
import { CLONE_QUEUE } from '@wcr/shared/contracts/queues';
import { cloneAddress } from '@wcr/shared/domain/clone-address';
import { createCloneId } from '@wcr/shared/domain/clone-id';
import type { Caller } from '../access/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { idempotencyOf } from '../records/idempotency.ts';
import { takeOn } from '../records/take-on.ts';
import { assertSiteAllowed } from '../sites/assert-site-allowed.ts';
import { secretsOf } from '../sites/site-bodies.ts';
import { assertCanCallBack } from '../webhooks/callback-url.ts';
import type { NewClone } from './clone-bodies.ts';
import { CLONE_RECORDS } from './clone-store.ts';

export type CloneRequest = {
  readonly body: NewClone;
  readonly caller: Caller;
  readonly idempotencyKey?: string | undefined;
  readonly requestId: string;
};
export type AcceptedClone = { readonly id: string; readonly url: string; readonly status: CloneStatus; readonly jobId: string };

/** Clones that take no room any more. */
const OVER: readonly CloneStatus[] = ['expired', 'failed'];

type Deps = Pick<ApiDeps, 'redis' | 'queues' | 'sealer' | 'config' | 'now' | 'siteRules'>;

/**
 * Takes a clone on. Repeating it with the same Idempotency-Key, at once or after an error at any point, gives the same
 * clone and at most one job.
 * @throws AppError `source.address_refused`, `webhook.address_refused`, `webhook.no_secret`, `queue.unavailable`, `request.idempotency_conflict`, `quota.exceeded`, `quota.key_exceeded`
 */
export async function requestClone(deps: Deps, request: CloneRequest): Promise<AcceptedClone> {
  const { source, callbackUrl, ttlMinutes } = request.body;
  assertSiteAllowed(deps.siteRules, 'source', source);
  await assertCanCallBack(deps, request);
  const { id, jobId, record } = await takeOn(deps, {
    kind: CLONE_RECORDS,
    limit: { most: deps.config.maxClones, mostOfOwner: request.caller.limits.maxClones ?? deps.config.keyMaxClones, free: OVER },
    queue: CLONE_QUEUE,
    idempotency: idempotencyOf(deps.config, 'clone', request),
    recordOf: () => recordOf(deps, request),
    inputOf: (made) => inputOf(request, made),
    secretsOf: (made) => new Map([[secretRefOf(made.id), secretsOf(source)]]),
    callbackUrl,
    lifeMs: ttlMinutes * 60_000,
  });
  return record
    ? { id, url: record.url, status: record.status, jobId }
    : { id, url: addressOf(deps, id), status: 'expired', jobId };
}

function recordOf(deps: Deps, request: CloneRequest): CloneRecord {
  const createdAt = deps.now();
  const id = createCloneId(new Date(createdAt));
  const { body, caller } = request;
  return {
    id,
    ...(body.name === undefined ? {} : { name: body.name }),
    url: addressOf(deps, id),
    status: 'queued',
    owner: caller.owner,
    sourceUrl: body.source.url,
    jobId: jobIdOf(request, id),
    createdAt,
    expiresAt: createdAt + body.ttlMinutes * 60_000,
  };
}

function inputOf({ body, caller, requestId }: CloneRequest, record: CloneRecord): CloneInput {
  const { url, loginUrl } = body.source;
  return {
    cloneId: record.id,
    source: { url, ...(loginUrl === undefined ? {} : { loginUrl }) },
    secretRef: secretRefOf(record.id),
    ...(body.name === undefined ? {} : { name: body.name }),
    owner: caller.owner,
    ttlMinutes: body.ttlMinutes,
    ...(body.exclude === undefined ? {} : { exclude: body.exclude }),
    requestedAt: record.createdAt,
    requestId,
  };
}

/** One clone has one clone job. A key's entry remembers the clone id, so a repeat finds the same job id. */
function jobIdOf({ caller, idempotencyKey }: CloneRequest, cloneId: string): string {
  const seed = `${caller.owner}\n${idempotencyKey ?? randomUUID()}\n${cloneId}`;
  return `${CLONE_QUEUE}-${createHash('sha256').update(seed).digest('hex').slice(0, 32)}`;
}

function secretRefOf(cloneId: string): string {
  return `source:${cloneId}`;
}

function addressOf({ config }: Deps, cloneId: string): string {
  return `${cloneAddress(config.clonesUrl, cloneId)}/`;
}
