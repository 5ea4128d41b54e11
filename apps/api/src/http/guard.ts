import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { MiddlewareHandler } from 'hono';
import type { Admission, Admitted, Credential } from '../access/admission.ts';
import { hasScope } from '../access/api-keys.ts';
import { rateLimitHeaders } from '../access/quotas.ts';
import { type GuardedOperation, ROUTE_RULES, type RouteRule } from '../access/route-rules.ts';
import type { AuditLog, Ending } from '../audit/audit-log.ts';
import type { ApiConfig } from '../config/api-config.ts';
import type { ApiContext, ApiEnv } from './api-env.ts';
import { readBearer } from './bearer-auth.ts';
import { clientAddress } from './client-address.ts';

/** The errors any guarded call may answer with. */
export const GUARDED = [
  'auth.missing',
  'auth.invalid',
  'auth.expired',
  'auth.forbidden',
  'auth.too_many_failures',
  'rate.limited',
  'queue.unavailable',
] as const;

export type GuardDeps = {
  readonly admission: Admission;
  readonly audit: AuditLog;
  readonly config: Pick<ApiConfig, 'trustedProxyHops'>;
};

/** Asks the admission with what the request shows. @throws AppError as `Admission.admit`, and `auth.missing` */
export type LetIn = (context: ApiContext, rule: RouteRule) => Promise<Admitted>;

/** A queue is what was acted on where no job is named. */
const RECORD_PARAMETERS = ['cloneId', 'restoreId', 'jobId', 'keyId', 'queue'] as const;
const RECORD_ID = /^[\w-]{1,128}$/;

/**
 * The parts of a route that say who may call it: its operation id, the scope for its documentation, and the middleware that
 * asks for a key with that scope, keeps to the key's limits and writes the audit log. Leaves the caller in the context.
 */
export function guard(deps: GuardDeps, operationId: GuardedOperation) {
  const rule = ROUTE_RULES[operationId];
  return {
    operationId,
    security: [{ apiKey: [rule.scope] }],
    middleware: demand(deps, rule),
  };
}

/** The same for what is not described as a call of the API, or shows its key in another way. */
export function demand(
  deps: GuardDeps,
  rule: RouteRule,
  letIn: LetIn = letBearerIn(deps),
): [MiddlewareHandler<ApiEnv>, ...MiddlewareHandler<ApiEnv>[]] {
  return [admit(letIn, rule), audit(deps), demandScope(rule)];
}

/** Lets in who sends a key as a bearer token. */
export function letBearerIn(deps: GuardDeps): LetIn {
  return async (context, rule) => knock(deps, context, rule, { key: readBearer(context.req.header('authorization')) });
}

/** Asks the admission, and tells the client of its limits. @throws AppError as `Admission.admit` */
export function knock(
  { admission, config }: GuardDeps,
  context: ApiContext,
  rule: RouteRule,
  credential: Credential,
): Promise<Admitted> {
  const address = clientAddress(context, config.trustedProxyHops);
  const asked = { credential, rule, address, requestId: context.get('requestId'), record: recordIn(context) };
  return admission.admit(asked, (quotas) => {
    for (const [name, value] of rateLimitHeaders(quotas)) context.header(name, value);
  });
}

/** Names what a call has made, for the audit log. */
export function noteRecord(context: ApiContext, id: string): void {
  context.set('record', id);
}

function admit(letIn: LetIn, rule: RouteRule): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const { caller, event } = await letIn(context, rule);
    context.set('caller', caller);
    if (event) context.set('auditEvent', event);
    await next();
  };
}

/** Tells the audit log how the call ended. */
function audit({ audit }: GuardDeps): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    await next();
    const event = context.get('auditEvent');
    if (event) audit.settle(event, { ...endingOf(context), record: context.get('record') ?? event.begun.record });
  };
}

/** @throws AppError `auth.forbidden` */
function demandScope({ scope }: RouteRule): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    if (scope !== undefined && !hasScope(context.get('caller'), scope)) throw new AppError('auth.forbidden', { scope });
    await next();
  };
}

function endingOf({ error, res: { status } }: ApiContext): Ending {
  if (status < 400) return { outcome: 'done' };
  const code = isAppError(error) ? error.code : undefined;
  return { outcome: status < 500 ? 'refused' : 'failed', code };
}

/** What the call's address names; nothing that could not be an id. */
function recordIn(context: ApiContext): string | undefined {
  const named = RECORD_PARAMETERS.map((name) => context.req.param(name)).find((id) => id !== undefined);
  return named !== undefined && RECORD_ID.test(named) ? named : undefined;
}
