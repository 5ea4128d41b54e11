import { createHash, randomUUID } from 'node:crypto';
import type { SourceSecrets } from '@wcr/shared/contracts/jobs';
import { RESTORE_QUEUE } from '@wcr/shared/contracts/queues';
import {
  type RestoreInput,
  type RestoreRecord,
  type RestoreStatus,
  type SiteAccess,
  targetSecretRef,
} from '@wcr/shared/contracts/restore';
import { CloneId } from '@wcr/shared/domain/clone-id';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Caller } from '../access/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { idempotencyOf } from '../records/idempotency.ts';
import { takeOn } from '../records/take-on.ts';
import { assertSiteAllowed } from '../sites/assert-site-allowed.ts';
import { secretsOf } from '../sites/site-bodies.ts';
import { assertCanCallBack } from '../webhooks/callback-url.ts';
import type { NewRestore } from './restore-bodies.ts';
import { RESTORE_RECORDS } from './restore-store.ts';

export type RestoreRequest = {
  readonly body: NewRestore;
  readonly caller: Caller;
  readonly idempotencyKey?: string | undefined;
  readonly requestId: string;
};
export type AcceptedRestore = { readonly id: string; readonly status: RestoreStatus; readonly jobId: string };

type Deps = Pick<ApiDeps, 'redis' | 'queues' | 'sealer' | 'config' | 'now' | 'clones' | 'siteRules'>;

/**
 * Takes a restore on. Repeating it with the same Idempotency-Key, at once or after an error at any point, gives the same
 * restore and at most one job.
 * @throws AppError `clone.not_found`, `clone.not_ready`, `request.idempotency_conflict`, `queue.unavailable`;
 *   `source.address_refused`, `target.address_refused`, `webhook.address_refused`, `webhook.no_secret`; `restore.not_found` when the same request was taken on before and its record is gone
 */
export async function requestRestore(deps: Deps, request: RestoreRequest): Promise<AcceptedRestore> {
  const { source, target, callbackUrl } = request.body;
  assertSiteAllowed(deps.siteRules, 'target', target);
  if (source !== undefined) assertSiteAllowed(deps.siteRules, 'source', source);
  await assertCanCallBack(deps, request);
  const { id, jobId, record } = await takeOn(deps, {
    kind: RESTORE_RECORDS,
    queue: RESTORE_QUEUE,
    idempotency: idempotencyOf(deps.config, 'restore', request),
    admit: () => assertCloneReady(deps, request),
    recordOf: (tries) => recordOf(deps, request, tries),
    inputOf: (made) => inputOf(request, made),
    secretsOf: (made) => sealable(request, made.id),
    callbackUrl,
  });
  if (record === undefined) throw new AppError('restore.not_found', { restoreId: id });
  return { id, status: record.status, jobId };
}

async function assertCloneReady({ clones }: Deps, { body: { cloneId }, caller }: RestoreRequest): Promise<void> {
  if (cloneId === undefined) return;
  const { status } = await clones.read(cloneId, caller);
  if (status !== 'ready') throw new AppError('clone.not_ready', { cloneId, status });
}

function recordOf(deps: Deps, request: RestoreRequest, tries: number): RestoreRecord {
  const { body, caller } = request;
  const { cloneId, source, target, callbackUrl: _, ...options } = body;
  const id = restoreIdOf(request, tries);
  return {
    id,
    owner: caller.owner,
    status: 'queued',
    ...(cloneId === undefined ? {} : { cloneId }),
    ...(source === undefined ? {} : { sourceUrl: source.url }),
    targetUrl: target.url,
    options,
    jobId: id,
    createdAt: deps.now(),
  };
}

function inputOf({ body, caller, requestId }: RestoreRequest, record: RestoreRecord): RestoreInput {
  const { cloneId, source, target } = body;
  return {
    restoreId: record.id,
    from: source === undefined ? { cloneId: CloneId.parse(cloneId) } : { source: accessOf(source, sourceRefOf(record.id)) },
    target: accessOf(target, targetSecretRef(record.id)),
    options: record.options,
    owner: caller.owner,
    requestedAt: record.createdAt,
    requestId,
  };
}

function accessOf({ url, loginUrl }: { url: string; loginUrl?: string | undefined }, secretRef: string): SiteAccess {
  return { url, ...(loginUrl === undefined ? {} : { loginUrl }), secretRef };
}

/** Each site's secrets have an entry of their own, so that a worker forgets them one by one. */
function sealable({ body: { source, target } }: RestoreRequest, id: string): Map<string, SourceSecrets> {
  const ofTarget = [targetSecretRef(id), secretsOf(target)] as const;
  return new Map(source === undefined ? [ofTarget] : [ofTarget, [sourceRefOf(id), secretsOf(source)]]);
}

/**
 * The id is also the job's. With an Idempotency-Key it follows from the key; where that id is in use though the key is no
 * longer remembered, the request is a new one and gets a random id.
 */
function restoreIdOf({ caller, idempotencyKey }: RestoreRequest, tries: number): string {
  const name = tries === 0 && idempotencyKey !== undefined ? idempotencyKey : randomUUID();
  const digest = createHash('sha256').update(`${caller.owner}\n${name}`).digest('hex');
  return `${RESTORE_QUEUE}-${digest.slice(0, 32)}`;
}

function sourceRefOf(restoreId: string): string {
  return `source:${restoreId}`;
}
