import { currentTraceparent, inSpan } from './spans.ts';

type Producer<Options extends object, Job> = {
  readonly name: string;
  add(name: string, data: object, options: Options): Promise<Job>;
};

/**
 * Adds a job to its queue. The trace goes along in the job's options, in the place that BullMQ keeps for it: it outlasts
 * retries and lost workers, and no payload knows of it. What a repeat finds in the queue already keeps its first trace.
 */
export function enqueue<Options extends object, Job>(
  queue: Producer<Options, Job>,
  data: object,
  options: Options,
): Promise<Job> {
  return inSpan(`enqueue ${queue.name}`, { kind: 'producer', attributes: { 'wcr.queue': queue.name } }, () => {
    const metadata = currentTraceparent();
    // A job is named like its queue.
    return queue.add(queue.name, data, metadata === undefined ? options : { ...options, telemetry: { metadata } });
  });
}
