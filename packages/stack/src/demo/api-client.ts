import { JobFailure } from '@wcr/shared/contracts/jobs';
import { z } from 'zod';
import { readEvents, type ServerEvent } from './read-events.ts';

const Accepted = z.object({ clone: z.object({ id: z.string() }), job: z.object({ id: z.string() }) });
const CloneView = z.object({ id: z.string(), url: z.string(), status: z.string(), expiresAt: z.string() });
const RestoreAccepted = z.object({ restore: z.object({ id: z.string() }), job: z.object({ id: z.string() }) });
const RestoreView = z.object({
  status: z.string(),
  report: z.object({ bytesMoved: z.number(), maintenanceMs: z.number() }).optional(),
});
const Credentials = z.object({ username: z.string(), password: z.string(), loginUrl: z.string() });
const Envelope = z.object({ error: JobFailure.extend({ requestId: z.string().optional() }) });

export type CloneView = z.infer<typeof CloneView>;
export type RestoreView = z.infer<typeof RestoreView>;
export type Credentials = z.infer<typeof Credentials>;

/** The calls of the API that the demo and the bench make. All throw an Error with the API's code, message and hint. */
export type ApiClient = {
  createClone(body: unknown): Promise<{ cloneId: string; jobId: string }>;
  readClone(cloneId: string): Promise<CloneView>;
  readCredentials(cloneId: string): Promise<Credentials>;
  /** Ends a clone now. @returns once its removal is queued */
  deleteClone(cloneId: string): Promise<void>;
  createRestore(body: unknown): Promise<{ id: string; jobId: string }>;
  readRestore(restoreId: string): Promise<RestoreView>;
  /** @returns the job that does it */
  rollBack(restoreId: string): Promise<string>;
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
  const post = async <T>(schema: z.ZodType<T>, path: string, body: unknown): Promise<T> => {
    const headers = { 'Content-Type': 'application/json' };
    return schema.parse(await (await call(path, { method: 'POST', headers, body: JSON.stringify(body) })).json());
  };
  return {
    async createClone(body) {
      const { clone, job } = await post(Accepted, '/api/v1/clones', body);
      return { cloneId: clone.id, jobId: job.id };
    },
    readClone: (cloneId) => read(CloneView, `/api/v1/clones/${cloneId}`),
    readCredentials: (cloneId) => read(Credentials, `/api/v1/clones/${cloneId}/credentials`),
    async deleteClone(cloneId) {
      await (await call(`/api/v1/clones/${cloneId}`, { method: 'DELETE' })).text();
    },
    async createRestore(body) {
      const { restore, job } = await post(RestoreAccepted, '/api/v1/restores', body);
      return { id: restore.id, jobId: job.id };
    },
    readRestore: (restoreId) => read(RestoreView, `/api/v1/restores/${restoreId}`),
    async rollBack(restoreId) {
      return (await post(RestoreAccepted, `/api/v1/restores/${restoreId}/rollback`, {})).job.id;
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
