import { AppError } from '@wcr/shared/errors/app-error';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { ApiDeps } from '../deps.ts';
import type { ApiContext } from '../http/api-env.ts';
import type { OwnedJob } from './find-job.ts';
import { followJob, type JobEvent, LAST_EVENT_ID } from './job-events.ts';
import { parseMark } from './job-logs.ts';

/**
 * Answers with a job's events as they happen, from where the client's `Last-Event-ID` ended. The stream ends with the
 * caller's key.
 * @returns 204 when the client has seen the end already
 * @throws AppError `events.too_many`, `job.not_found`, `queue.unavailable`
 */
export function streamJob(deps: ApiDeps, context: ApiContext, owned: OwnedJob): Response {
  const lastEventId = context.req.header('last-event-id');
  if (lastEventId === LAST_EVENT_ID) return context.body(null, 204);
  if (deps.watcher.size >= deps.config.maxEventStreams) throw new AppError('events.too_many');
  context.header('X-Accel-Buffering', 'no');
  return streamSSE(context, async (stream) => {
    const gone = new AbortController();
    stream.onAbort(() => gone.abort());
    const keyEnded = deps.admission.watchKey(context.get('caller'), gone.signal);
    const signal = AbortSignal.any([gone.signal, keyEnded]);
    try {
      await writeEvents(stream, followJob(deps, owned, { from: parseMark(lastEventId), signal }));
    } catch (error) {
      // The stream just ends: the client comes back with its last event id and gets a proper answer.
      deps.logger.warn({ err: error, requestId: context.get('requestId') }, 'an event stream broke');
    } finally {
      gone.abort();
    }
  });
}

async function writeEvents(stream: SSEStreamingApi, events: AsyncIterable<JobEvent | undefined>): Promise<void> {
  for await (const event of events) {
    if (event === undefined) await stream.write(': still here\n\n');
    else await stream.writeSSE(event);
  }
}
