import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { OwnedJob } from './find-job.ts';
import type { Queues } from './queues.ts';
import { execPipeline, viaRedis } from './redis-client.ts';

/** Where a reader of a job's log is: how many lines it has, and which one was the last. */
export type LogMark = { readonly count: number; readonly digest: string };
export const LOG_START: LogMark = { count: 0, digest: '' };

const MARK = /^(\d{1,9})-([0-9a-f]{8})?$/;

const LogReply = z.tuple([z.array(z.string()), z.number()]);

/**
 * One page of a job's log, oldest line first. Read by hand: BullMQ's own call takes a failed reply for an empty log.
 * @throws AppError `queue.unavailable`
 */
export async function readLogs(
  deps: { redis: Redis; queues: Queues },
  { queue, jobId }: OwnedJob,
  page: { offset: number; limit: number },
): Promise<{ lines: string[]; total: number }> {
  const key = `${deps.queues[queue].toKey(jobId)}:logs`;
  const last = page.offset + page.limit - 1;
  const reply = await viaRedis(() => execPipeline(deps.redis.pipeline().lrange(key, page.offset, last).llen(key)));
  const [lines, total] = LogReply.parse(reply);
  return { lines, total };
}

/**
 * The lines after a mark. The log only keeps its newest lines, so positions shift once it is full; then the last line that
 * was read is looked for, and if it is gone too, all there is counts as new.
 */
export function linesAfter(lines: readonly string[], mark: LogMark): readonly string[] {
  if (mark.count === 0) return lines;
  const inPlace = lines[mark.count - 1];
  if (inPlace !== undefined && digestOf(inPlace) === mark.digest) return lines.slice(mark.count);
  const found = lines.findLastIndex((line) => digestOf(line) === mark.digest);
  return lines.slice(found + 1);
}

/** The mark behind the line at `position` (1-based). */
export function markOf(line: string, position: number): LogMark {
  return { count: position, digest: digestOf(line) };
}

export function formatMark({ count, digest }: LogMark): string {
  return `${count}-${digest}`;
}

/** A mark from its text; the beginning of the log for a text that is none. */
export function parseMark(text: string | undefined): LogMark {
  const [, count, digest = ''] = MARK.exec(text ?? '') ?? [];
  return count === undefined ? LOG_START : { count: Number(count), digest };
}

function digestOf(line: string): string {
  return createHash('sha256').update(line).digest('hex').slice(0, 8);
}
