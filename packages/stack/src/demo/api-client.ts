import { JobFailure } from '@wcr/shared/contracts/jobs';
import { z } from 'zod';
import { readEvents, type ServerEvent } from './read-events.ts';

const Accepted = z.object({ clone: z.object({ id: z.string() }), job: z.object({ id: z.string() }) });
const CloneView = z.object({ id: z.string(), url: z.string(), status: z.string(), expiresAt: z.string() });
const Credentials = z.object({ username: z.string(), password: z.string(), loginUrl: z.string() });
const Envelope = z.object({ error: JobFailure.extend({ requestId: z.string().optional() }) });

export type CloneView = z.infer<typeof CloneView>;
export type Credentials = z.infer<typeof Credentials>;

/** The calls of the API that the demo and the bench make. All throw an Error with the API's code, message and hint. */
export type ApiClient = {
  createClone(body: unknown): Promise<{ cloneId: string; jobId: string }>;
  readClone(cloneId: string): Promise<CloneView>;
  readCredentials(cloneId: string): Promise<Credentials>;
  /** Ends a clone now. @returns once its removal is queued */
  deleteClone(cloneId: string): Promise<void>;
  /** Events of a job until its end, over as many connections as it takes. */
  followJob(jobId: string): AsyncGenerator<ServerEvent>;
};

/** @param at address and key of the API */
export function createApiClient(at: { readonly apiUrl: string; readonly apiKey: string }): ApiClient {
  const authorization = { Authorization: `Bearer ${at.apiKey}` };
  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const answer = await fetch(`${at.apiUrl}${path}`, { ...init, headers: { ...authorization, ...init.headers } });
    if (!answer.ok) throw await readFailure(path, answer);
    return answer;
  };
  const read = async <T>(schema: z.ZodType<T>, path: string): Promise<T> => schema.parse(await (await call(path)).json());
  return {
    async createClone(body) {
      const headers = { 'Content-Type': 'application/json' };
      const answer = await call('/api/v1/clones', { method: 'POST', headers, body: JSON.stringify(body) });
      const { clone, job } = Accepted.parse(await answer.json());
      return { cloneId: clone.id, jobId: job.id };
    },
    readClone: (cloneId) => read(CloneView, `/api/v1/clones/${cloneId}`),
    readCredentials: (cloneId) => read(Credentials, `/api/v1/clones/${cloneId}/credentials`),
    async deleteClone(cloneId) {
      await (await call(`/api/v1/clones/${cloneId}`, { method: 'DELETE' })).text();
    },
    followJob: (jobId) =>
      readEvents((lastEventId) =>
        call(`/api/v1/jobs/${jobId}/events`, lastEventId === undefined ? {} : { headers: { 'Last-Event-ID': lastEventId } }),
      ),
  };
}

async function readFailure(path: string, answer: Response): Promise<Error> {
  const text = await answer.text();
  const parsed = Envelope.safeParse(safeJson(text));
  if (!parsed.success) return new Error(`${path} answered ${answer.status}: ${text.slice(0, 300)}`);
  const { code, message, hint } = parsed.data.error;
  return new Error(`${code}: ${message} ${hint}`);
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
