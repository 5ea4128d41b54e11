import { randomUUID } from 'node:crypto';
import type { Response } from 'undici';
import {
  CloneAccepted,
  ClonePage,
  CloneView,
  Credentials,
  JobView,
  LogPage,
  RestoreAccepted,
  RestorePage,
  RestoreView,
} from './answers.ts';
import { type FollowTimes, followJob, type JobNews } from './follow-job.ts';
import { createHttpClient, type HttpClient, type HttpOptions } from './http-client.ts';
import { createKeyCalls, type KeyCalls } from './key-calls.ts';
import { createWebhookCalls, type WebhookCalls } from './webhook-calls.ts';

/** A record of the service together with the job that works on it. */
export type Accepted<Id extends string> = { readonly [name in Id | 'jobId']: string };

/**
 * The calls of the API. All throw ReportedFailure with what the service says, AppError `cli.unreachable` or `cli.unexpected_answer`.
 * Each may be repeated by the client itself when the line breaks: nothing is made twice.
 */
export type ApiClient = {
  readonly keys: KeyCalls;
  readonly webhooks: WebhookCalls;
  createClone(body: unknown): Promise<Accepted<'cloneId'>>;
  readClone(cloneId: string): Promise<CloneView>;
  /** Newest first, at most so many. */
  listClones(most: number): Promise<CloneView[]>;
  readCredentials(cloneId: string): Promise<Credentials>;
  changeClone(cloneId: string, change: { ttlMinutes: number } | { expiresAt: string }): Promise<CloneView>;
  /** Ends a clone now. @returns once its removal is queued */
  deleteClone(cloneId: string): Promise<Accepted<'cloneId'>>;
  createRestore(body: unknown): Promise<Accepted<'restoreId'>>;
  readRestore(restoreId: string): Promise<RestoreView>;
  listRestores(most: number): Promise<RestoreView[]>;
  rollBack(restoreId: string): Promise<Accepted<'restoreId'>>;
  readJob(jobId: string): Promise<JobView>;
  cancelJob(jobId: string): Promise<JobView>;
  retryJob(jobId: string): Promise<JobView>;
  readLog(jobId: string, offset: number): Promise<LogPage>;
  /** A stream of server-sent events; the caller reads or cancels its body. */
  openEvents(jobId: string, lastEventId: string | undefined, signal: AbortSignal): Promise<Response>;
  /** What happens to a job until it ends, over as many connections as it takes. The last news is its end. */
  followJob(jobId: string, options?: { signal?: AbortSignal; times?: Partial<FollowTimes> }): AsyncGenerator<JobNews>;
};

const PAGE = 100;

/** @param options where the API is, and the key for it */
export function createApiClient(options: HttpOptions): ApiClient {
  const http = createHttpClient(options);
  const client: ApiClient = {
    keys: createKeyCalls(http),
    webhooks: createWebhookCalls(http),
    ...cloneCalls(http),
    ...restoreCalls(http),
    ...jobCalls(http),
    followJob: (jobId, following) => followJob(client, jobId, following),
  };
  return client;
}

function cloneCalls(http: HttpClient) {
  return {
    async createClone(body: unknown) {
      const { clone, job } = await http.ask(CloneAccepted, '/api/v1/clones', making(body));
      return { cloneId: clone.id, jobId: job.id };
    },
    readClone: (cloneId: string) => http.ask(CloneView, `/api/v1/clones/${encodeURIComponent(cloneId)}`),
    listClones: (most: number) =>
      collect(most, async (query) => {
        const { clones, nextCursor } = await http.ask(ClonePage, `/api/v1/clones?${query}`);
        return { items: clones, nextCursor };
      }),
    readCredentials: (cloneId: string) => http.ask(Credentials, `/api/v1/clones/${encodeURIComponent(cloneId)}/credentials`),
    changeClone: (cloneId: string, change: object) =>
      http.ask(CloneView, `/api/v1/clones/${encodeURIComponent(cloneId)}`, { method: 'PATCH', body: change }),
    async deleteClone(cloneId: string) {
      const { clone, job } = await http.ask(CloneAccepted, `/api/v1/clones/${encodeURIComponent(cloneId)}`, { method: 'DELETE' });
      return { cloneId: clone.id, jobId: job.id };
    },
  };
}

function restoreCalls(http: HttpClient) {
  return {
    async createRestore(body: unknown) {
      const { restore, job } = await http.ask(RestoreAccepted, '/api/v1/restores', making(body));
      return { restoreId: restore.id, jobId: job.id };
    },
    readRestore: (restoreId: string) => http.ask(RestoreView, `/api/v1/restores/${encodeURIComponent(restoreId)}`),
    listRestores: (most: number) =>
      collect(most, async (query) => {
        const { restores, nextCursor } = await http.ask(RestorePage, `/api/v1/restores?${query}`);
        return { items: restores, nextCursor };
      }),
    async rollBack(restoreId: string) {
      const path = `/api/v1/restores/${encodeURIComponent(restoreId)}/rollback`;
      const { restore, job } = await http.ask(RestoreAccepted, path, { method: 'POST', isRepeatable: true });
      return { restoreId: restore.id, jobId: job.id };
    },
  };
}

function jobCalls(http: HttpClient): Pick<ApiClient, 'readJob' | 'cancelJob' | 'retryJob' | 'readLog' | 'openEvents'> {
  const pathOf = (jobId: string) => `/api/v1/jobs/${encodeURIComponent(jobId)}`;
  return {
    readJob: (jobId: string) => http.ask(JobView, pathOf(jobId)),
    cancelJob: (jobId: string) => http.ask(JobView, `${pathOf(jobId)}/cancel`, { method: 'POST' }),
    retryJob: (jobId: string) => http.ask(JobView, `${pathOf(jobId)}/retry`, { method: 'POST' }),
    readLog: (jobId: string, offset: number) => http.ask(LogPage, `${pathOf(jobId)}/logs?limit=1000&offset=${offset}`),
    openEvents(jobId: string, lastEventId: string | undefined, signal: AbortSignal) {
      const headers = { accept: 'text/event-stream', ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) };
      return http.send(`${pathOf(jobId)}/events`, { headers, signal });
    },
  };
}

/** A request that makes something, with a key under which a repeat makes nothing more. */
function making(body: unknown) {
  return { method: 'POST', body, isRepeatable: true, headers: { 'idempotency-key': randomUUID() } } as const;
}

async function collect<T>(
  most: number,
  readPage: (query: string) => Promise<{ items: readonly T[]; nextCursor: string | null }>,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | null = '';
  while (cursor !== null && all.length < most) {
    const query = new URLSearchParams({ limit: String(Math.min(PAGE, most - all.length)), ...(cursor !== '' && { cursor }) });
    const page = await readPage(String(query));
    all.push(...page.items);
    cursor = page.nextCursor;
  }
  return all;
}
