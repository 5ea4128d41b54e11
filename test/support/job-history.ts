import type { Queue } from 'bullmq';

/** How a job went, as BullMQ and its log tell. */
export type JobHistory = {
  /** Attempts that count, and times a worker was lost. */
  readonly attempts: number;
  readonly stalls: number;
  /** Steps that were begun more than once. */
  readonly repeated: string[];
  /** How often each step was finished. */
  readonly finished: Readonly<Record<string, number>>;
};

export async function readHistory(queue: Queue, jobId: string): Promise<JobHistory> {
  const job = await queue.getJob(jobId);
  const lines = (await queue.getJobLogs(jobId)).logs.map((line) => /\[(?<step>[^\]]+)\] (?<text>.*)/.exec(line)?.groups);
  const stepsWith = (pattern: RegExp) =>
    lines.flatMap((line) => (line !== undefined && pattern.test(line['text'] ?? '') ? [line['step'] ?? ''] : []));
  const finished: Record<string, number> = {};
  for (const step of stepsWith(/^finished in /)) finished[step] = (finished[step] ?? 0) + 1;
  return {
    attempts: job?.attemptsMade ?? 0,
    stalls: job?.stalledCounter ?? 0,
    repeated: stepsWith(/^started again /),
    finished,
  };
}
