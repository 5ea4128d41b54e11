import { z } from '@hono/zod-openapi';
import { AuditAction, AuditEvent, AuditOutcome } from '@wcr/shared/contracts/audit';
import { redisKeys } from '@wcr/shared/contracts/queues';
import type { Redis } from 'ioredis';
import { viaRedis } from '../queue/redis-client.ts';

const SCAN_STEP = 500;
/** Bounds the work of one page of a filter that few entries pass. */
const MAX_SCAN_STEPS = 20;

const text = z.string().max(128).optional();

export const AuditQuery = z.strictObject({
  actor: text.openapi({ description: 'Id or name of an API key.' }),
  record: text.openapi({ description: 'Id of a clone, restore, job or key, or the name of a queue.' }),
  action: AuditAction.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .regex(/^\d{1,16}-\d{1,16}$/, 'must be the nextCursor of the page before')
    .optional(),
});
export type AuditQuery = z.output<typeof AuditQuery>;

// Fields made anew: schemas of the shared package may be made before zod learns `openapi`.
export const AuditEntry = z
  .object({
    ...AuditEvent.shape,
    at: z.string(),
    outcome: z.enum(AuditOutcome.options).openapi({
      description:
        '`done`; `refused`: nothing was changed; `failed`: an error on our side, it may be done in part; `unknown`: begun, and ' +
        'whoever did it was gone before it could tell how it ended.',
    }),
  })
  .openapi('AuditEntry');
export const AuditPage = z.object({ events: z.array(AuditEntry), nextCursor: z.string().nullable() }).openapi('AuditPage');

const StreamReply = z.array(z.tuple([z.string(), z.array(z.string())]));

/**
 * One page of the audit log, newest first. It may be short and still have a successor.
 * @throws AppError `queue.unavailable`
 */
export async function readAudit(redis: Redis, query: AuditQuery): Promise<z.infer<typeof AuditPage>> {
  const events: z.infer<typeof AuditEntry>[] = [];
  let before = query.cursor === undefined ? '+' : `(${query.cursor}`;
  for (let step = 0; step < MAX_SCAN_STEPS; step++) {
    const entries = await readBefore(redis, before);
    const wanted = entries.flatMap(({ id, event }) => (event && passes(event, query) ? [{ id, event }] : []));
    const shown = wanted.slice(0, query.limit - events.length);
    events.push(...shown.map(({ event }) => ({ ...event, at: new Date(event.at).toISOString() })));
    if (events.length === query.limit) return { events, nextCursor: shown.at(-1)?.id ?? null };
    if (entries.length < SCAN_STEP) return { events, nextCursor: null };
    before = `(${entries.at(-1)?.id}`;
  }
  return { events, nextCursor: before.slice(1) };
}

/** The next entries of the log, newest first; one of another version has no event. */
async function readBefore(redis: Redis, before: string): Promise<{ id: string; event: AuditEvent | undefined }[]> {
  const reply = await viaRedis(() => redis.xrevrange(redisKeys.audit, before, '-', 'COUNT', SCAN_STEP));
  return StreamReply.parse(reply).map(([id, [, event = 'null']]) => ({
    id,
    event: AuditEvent.safeParse(JSON.parse(event)).data,
  }));
}

function passes(event: AuditEvent, { actor, record, action }: AuditQuery): boolean {
  const isActor = actor === undefined || event.actor?.id === actor || event.actor?.name === actor;
  return isActor && (record === undefined || event.record === record) && (action === undefined || event.action === action);
}
