import { AuditEvent, type AuditOutcome } from '@wcr/shared/contracts/audit';
import { redisKeys } from '@wcr/shared/contracts/queues';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { z } from 'zod';
import { defineScript, runScript } from '../queue/run-script.ts';

/** What is known of an action when it begins. */
export type OpenEvent = {
  readonly id: string;
  readonly begun: Omit<AuditEvent, 'outcome' | 'code'>;
  /** What is given back of the key's limit when the action was refused. */
  readonly refund?: { readonly bucket: string; readonly ms: number } | undefined;
};
export type Ending = { readonly outcome: AuditOutcome; readonly code?: string | undefined; readonly record?: string | undefined };

/**
 * The log of who did what. An action is written down before it begins (by the admission script), so that none can be done
 * unheard of; how it ended follows behind the answer and slows nobody. What nobody has ended after a while gets the outcome
 * `unknown`.
 */
export type AuditLog = {
  /** Writes how an action ended: to the log line now, to Redis in a moment. */
  settle(event: OpenEvent, ending: Ending): void;
  /** The log line of an event that is in Redis already. */
  note(event: AuditEvent): void;
  /** Gives what was begun long ago, and by a process that is gone, its outcome `unknown`. */
  settleOverdue(): Promise<void>;
  /** Resolves when everything settled so far was sent to Redis. */
  drained(): Promise<void>;
  close(): void;
};

/** Longer than any request that is audited can take. */
const OVERDUE_MS = 120_000;
const SWEEP_MS = 60_000;

/**
 * Sent twice, as over a connection that broke, it settles once.
 *
 * KEYS: open events, log, buckets of what is given back…
 * ARGV: most entries, then for each event: id, event, ms to give back or '' (its bucket is the next of KEYS)
 */
const SETTLE = defineScript(`
local bucket = 3
for i = 2, #ARGV, 3 do
  local isOpen = redis.call('HDEL', KEYS[1], ARGV[i]) == 1
  if isOpen then redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], '*', 'event', ARGV[i + 1]) end
  if ARGV[i + 2] ~= '' then
    local fullAt = isOpen and tonumber(redis.call('GET', KEYS[bucket]) or '')
    if fullAt then redis.call('SET', KEYS[bucket], string.format('%.3f', fullAt - tonumber(ARGV[i + 2])), 'KEEPTTL') end
    bucket = bucket + 1
  end
end`);

/**
 * KEYS: open events, log
 * ARGV: most entries, the time before which an event is overdue
 * Returns: the events that were.
 */
const SETTLE_OVERDUE = defineScript(`
local settled = {}
local open = redis.call('HGETALL', KEYS[1])
for i = 1, #open, 2 do
  local event = cjson.decode(open[i + 1])
  if event.at <= tonumber(ARGV[2]) then
    event.outcome = 'unknown'
    local text = cjson.encode(event)
    redis.call('HDEL', KEYS[1], open[i])
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], '*', 'event', text)
    settled[#settled + 1] = text
  end
end
return settled`);

type Settled = { readonly id: string; readonly event: AuditEvent; readonly refund: OpenEvent['refund'] };
type Deps = { readonly redis: Redis; readonly logger: Logger; readonly now: () => number; readonly auditEntries: number };

export function createAuditLog(deps: Deps): AuditLog {
  const { redis, logger, now, auditEntries } = deps;
  const waiting: Settled[] = [];
  let sending: Promise<void> = Promise.resolve();

  const note = (event: AuditEvent) => logger.info({ audit: event }, 'audit');

  async function send(batch: readonly Settled[]): Promise<void> {
    try {
      await sendSettled(redis, auditEntries, batch);
    } catch (error) {
      // The lines tell how each ended; the log in Redis will say `unknown`.
      logger.warn({ err: error, events: batch.length }, 'audit events could not be settled');
    }
  }

  async function settleOverdue(): Promise<void> {
    const before = String(now() - OVERDUE_MS);
    const reply = await runScript(redis, SETTLE_OVERDUE, [redisKeys.auditOpen, redisKeys.audit], [String(auditEntries), before]);
    for (const text of z.array(z.string()).parse(reply)) note(AuditEvent.parse(JSON.parse(text)));
  }

  const timer = setInterval(() => void settleOverdue().catch(() => undefined), SWEEP_MS).unref();
  return {
    note,
    settleOverdue,
    settle({ id, begun, refund }, { outcome, code, record = begun.record }) {
      const event: AuditEvent = { ...begun, record, outcome, code };
      note(event);
      // What ends within one turn of the event loop is sent together.
      if (waiting.length === 0) {
        const before = sending;
        sending = new Promise((resolve) => setImmediate(() => void send(waiting.splice(0)).then(() => resolve(before))));
      }
      waiting.push({ id, event, refund: outcome === 'refused' ? refund : undefined });
    },
    drained: () => sending,
    close: () => clearInterval(timer),
  };
}

async function sendSettled(redis: Redis, auditEntries: number, batch: readonly Settled[]): Promise<void> {
  const buckets = batch.flatMap(({ refund }) => (refund ? [redisKeys.rate(refund.bucket)] : []));
  const events = batch.flatMap(({ id, event, refund }) => [id, JSON.stringify(event), refund ? String(refund.ms) : '']);
  await runScript(redis, SETTLE, [redisKeys.auditOpen, redisKeys.audit, ...buckets], [String(auditEntries), ...events]);
}
