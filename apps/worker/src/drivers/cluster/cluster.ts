import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@wcr/shared/errors/app-error';
import { request } from 'undici';
import { followUntil, type Listing, listingOf } from './await-state.ts';
import { type Cluster, KINDS, type KindName, type KubeObject, type ObjectQuery } from './cluster.types.ts';
import { errorOf, isPassing, type Refusal, refusalOf } from './cluster-error.ts';
import type { ClusterConnection, Method } from './connection.ts';

/** Whose fields they are that this program applies. */
const FIELD_MANAGER = 'wp-clone-restore';
const REQUEST_MS = 15_000;
const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 3_000;
/** A control plane that is updated is away for about so long. */
const PATIENCE_MS = 45_000;

const CONTENT = { POST: 'application/json', DELETE: 'application/json', GET: undefined } as const;
const MERGE_PATCH = 'application/merge-patch+json';
/** The API takes JSON where it says YAML. */
const APPLY_PATCH = 'application/apply-patch+yaml';

type Call = {
  readonly method: Method;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly contentType?: string;
  /** In words, for errors. */
  readonly what: string;
};
type Answer = { readonly ok: true; readonly value: unknown } | ({ readonly ok: false } & Refusal);

/**
 * The objects of one namespace.
 * @param connect called when the first request is made, and again as long as it fails
 * @param patienceMs how long a control plane that does not answer is asked again
 */
export function createCluster(connect: () => Promise<ClusterConnection>, namespace: string, patienceMs = PATIENCE_MS): Cluster {
  let connecting: Promise<ClusterConnection> | undefined;
  const connected = (): Promise<ClusterConnection> => {
    connecting ??= connect().catch((cause: unknown) => {
      // A mounted kubeconfig or token may come a moment after the worker.
      connecting = undefined;
      throw unusable(cause);
    });
    return connecting;
  };
  const ask = async (call: Call, signal: AbortSignal) => askPatiently(await connected(), call, { signal, limitMs: patienceMs });
  const pathOf = (kind: KindName, name?: string) => pathIn(namespace, kind, name);
  const listOf = async (query: ObjectQuery, signal: AbortSignal): Promise<Listing> => {
    const what = `list ${query.kind}`;
    const answer = await ask({ method: 'GET', path: pathOf(query.kind), query: selectorOf(query), what }, signal);
    // A kind that the cluster does not know has no objects.
    return !answer.ok && answer.status === 404 ? { items: [], resourceVersion: '0' } : listingOf(done(answer, what));
  };

  return {
    namespace,
    async create(object, signal) {
      const what = `create ${object.kind} ${object.metadata.name}`;
      const query = { fieldManager: FIELD_MANAGER };
      const answer = await ask({ method: 'POST', path: pathOf(object.kind), query, body: object, what }, signal);
      if (!answer.ok && answer.reason === 'AlreadyExists') return undefined;
      return done(answer, what) as KubeObject;
    },
    async apply(object, signal) {
      const { kind, metadata } = object;
      const what = `apply ${kind} ${metadata.name}`;
      const query = { fieldManager: FIELD_MANAGER, force: 'true' };
      const call: Call = {
        method: 'PATCH',
        path: pathOf(kind, metadata.name),
        query,
        body: object,
        contentType: APPLY_PATCH,
        what,
      };
      return done(await ask(call, signal), what) as KubeObject;
    },
    async patch({ kind, name }, patch, signal) {
      const what = `patch ${kind} ${name}`;
      const query = { fieldManager: FIELD_MANAGER };
      const call: Call = { method: 'PATCH', path: pathOf(kind, name), query, body: patch, contentType: MERGE_PATCH, what };
      const answer = await ask(call, signal);
      if (!answer.ok && answer.status === 404) return undefined;
      if (!answer.ok && answer.status === 409) return 'conflict';
      return done(answer, what) as KubeObject;
    },
    async read({ kind, name }, signal) {
      const what = `read ${kind} ${name}`;
      const answer = await ask({ method: 'GET', path: pathOf(kind, name), what }, signal);
      return !answer.ok && answer.status === 404 ? undefined : (done(answer, what) as KubeObject);
    },
    list: async (query, signal) => [...(await listOf(query, signal)).items],
    async remove({ kind, name, uid }, propagationPolicy, signal) {
      const what = `delete ${kind} ${name}`;
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy, ...(uid && { preconditions: { uid } }) };
      const answer = await ask({ method: 'DELETE', path: pathOf(kind, name), body, what }, signal);
      if (!answer.ok && (answer.status === 404 || answer.status === 409)) return;
      done(answer, what);
    },
    async awaitState(query, decide, wait) {
      const at = { path: pathOf(query.kind), query: selectorOf(query), list: () => listOf(query, wait.signal) };
      return await followUntil(await connected(), at, decide, wait);
    },
  };
}

function unusable(cause: unknown): AppError {
  const reason = `the kubeconfig cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new AppError('runtime.failed', { reason }, { cause });
}

function pathIn(namespace: string, kind: KindName, name: string | undefined): string {
  const { apiVersion, plural } = KINDS[kind];
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${root}/namespaces/${namespace}/${plural}${name === undefined ? '' : `/${name}`}`;
}

function selectorOf({ labels, name }: ObjectQuery): Record<string, string> {
  return { ...(labels && { labelSelector: labels }), ...(name && { fieldSelector: `metadata.name=${name}` }) };
}

/** @throws AppError as `errorOf` names it */
function done(answer: Answer, what: string): unknown {
  if (answer.ok) return answer.value;
  throw errorOf(answer, what);
}

/** A request that got no answer may have been done: all requests here may be repeated. */
async function askPatiently(
  connection: ClusterConnection,
  call: Call,
  wait: { signal: AbortSignal; limitMs: number },
): Promise<Answer> {
  const deadline = performance.now() + wait.limitMs;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    const answer = await askOnce(connection, call, wait.signal);
    const isOver = performance.now() + waitMs > deadline;
    if (answer !== undefined && (answer.ok || !isPassing(answer) || isOver)) return answer;
    if (isOver) throw new AppError('runtime.cluster_unreachable', { reason: `${call.what}: no answer` });
    const asked = answer === undefined || answer.ok ? 0 : Math.min(answer.retryAfterMs, MAX_WAIT_MS);
    await delay(Math.max(asked, waitMs * (0.5 + Math.random() / 2)), undefined, { signal: wait.signal });
  }
}

/** @returns undefined when there was no whole answer */
async function askOnce(connection: ClusterConnection, call: Call, signal: AbortSignal): Promise<Answer | undefined> {
  signal.throwIfAborted();
  const { method, path, query, body } = call;
  const address = `${path}${query ? `?${new URLSearchParams(query)}` : ''}`;
  try {
    const { headers, dispatcher } = await connection.authenticate(address, method);
    const contentType = call.contentType ?? (method === 'PATCH' ? MERGE_PATCH : CONTENT[method]);
    const answer = await request(connection.server + address, {
      method,
      headers: { ...headers, accept: 'application/json', ...(contentType && { 'content-type': contentType }) },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
      ...(dispatcher && { dispatcher }),
    });
    const text = await answer.body.text();
    if (answer.statusCode < 300) return { ok: true, value: JSON.parse(text) };
    const retryAfter = answer.headers['retry-after'];
    return { ok: false, ...refusalOf(answer.statusCode, text, Array.isArray(retryAfter) ? retryAfter[0] : retryAfter) };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
