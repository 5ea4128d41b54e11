import type { Scope } from '@wcr/shared/contracts/access';
import type { MiddlewareHandler } from 'hono';
import { type Caller, hasScope } from '../access/api-keys.ts';
import type { RouteRule } from '../access/route-rules.ts';
import type { ApiConfig } from '../config/api-config.ts';
import type { ApiContext, ApiEnv } from '../http/api-env.ts';
import { demand, type GuardDeps, type LetIn, letBearerIn } from '../http/guard.ts';
import { demandOwnPage, letSessionIn } from '../http/session-auth.ts';
import type { Sessions } from '../http/sessions.ts';

/** The middleware of one thing that can be done at the board. */
export type DemandOperator = (rule: RouteRule) => [MiddlewareHandler<ApiEnv>, ...MiddlewareHandler<ApiEnv>[]];

type Deps = GuardDeps & { readonly config: Pick<ApiConfig, 'publicUrl'> };

/** Asks for a rule's scope of whoever is at the board: a machine that sends its key, or a person who has signed in. */
export function demandOperator(deps: Deps, sessions: Sessions): DemandOperator {
  const byKey = letBearerIn(deps);
  const bySession = letOperatorIn(deps, sessions);
  const letIn: LetIn = (context, rule) => (sendsKey(context) ? byKey : bySession)(context, rule);
  return (rule) => [...demand(deps, rule, letIn), demandOwnPage(deps.config.publicUrl, sendsKey)];
}

/** True for a machine, which sends its key with every request. */
export function sendsKey(context: ApiContext): boolean {
  return context.req.header('authorization') !== undefined;
}

/** A person does at the board what was asked for when signing in, and nothing else the key could do. */
function letOperatorIn(deps: Deps, sessions: Sessions): LetIn {
  const bySession = letSessionIn(deps, sessions);
  return async (context, rule) => {
    const admitted = await bySession(context, rule);
    return { ...admitted, caller: narrow(admitted.caller, context.get('session')?.wantsWrite === true) };
  };
}

function narrow(caller: Caller, wantsWrite: boolean): Caller {
  const wanted: readonly Scope[] = wantsWrite ? ['queues:read', 'queues:write'] : ['queues:read'];
  return { ...caller, scopes: wanted.filter((scope) => hasScope(caller, scope)) };
}
