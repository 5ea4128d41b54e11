import type { Caller } from './api-keys.ts';

/** What somebody may do at the board of queues: look, or also act. */
export type QueueRight = 'read' | 'write';
/** Who is at the board: a person with a session, or a machine with a key. */
export type Operator = { readonly caller: Caller; readonly right: QueueRight; readonly hasSession: boolean };

/** The right a key gives; undefined when it gives none. Whoever may write may read, and an administrator may both. */
export function queueRightOf({ scopes }: Caller): QueueRight | undefined {
  if (scopes.includes('queues:write') || scopes.includes('admin')) return 'write';
  return scopes.includes('queues:read') ? 'read' : undefined;
}
