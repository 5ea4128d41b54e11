import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@wcr/shared/errors/app-error';
import { failSpan, inSpan, type SpanOptions } from '@wcr/shared/telemetry/spans';
import { request } from 'undici';
import { followUntil, type Listing, listingOf } from './await-state.ts';
import {
  type Cluster,
  KINDS,
  type KindName,
  type KubeObject,
  type Manifest,
  type ObjectQuery,
  type ObjectRef,
} from './cluster.types.ts';
import { errorOf, isPassing, type Refusal, refusalOf } from './cluster-error.ts';
import type { ClusterConnection } from './connection.ts';

/** Whose fields they are that this program applies. */
const FIELD_MANAGER = 'wp-clone-restore';
const REQUEST_MS = 15_000;
const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 3_000;
/** A control plane that is updated is away for about so long. */
const PATIENCE_MS = 45_000;

const FIELDS_OF = { fieldManager: FIELD_MANAGER };
const METHODS = { create: 'POST', apply: 'PATCH', patch: 'PATCH', read: 'GET', list: 'GET', delete: 'DELETE' } as const;
/** The API takes JSON where it says YAML. */
const CONTENT: Readonly<Partial<Record<Verb, string>>> = {
  create: 'application/json',
  apply: 'application/apply-patch+yaml',
  patch: 'application/merge-patch+json',
  delete: 'application/json',
};

type Verb = keyof typeof METHODS;
type Call = {
  readonly verb: Verb;
  readonly kind: KindName;
  readonly name?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
};
type PlacedCall = Call & { readonly path: string };
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
  const ask = async (call: Call, signal: AbortSignal) =>
    askPatiently(await connected(), { ...call, path: pathOf(namespace, call) }, { signal, limitMs: patienceMs });
  const listOf = async (query: ObjectQuery, signal: AbortSignal): Promise<Listing> => {
    const call: Call = { verb: 'list', kind: query.kind, query: selectorOf(query) };
    const answer = await ask(call, signal);
    // A kind that the cluster does not know has no objects.
    return !answer.ok && answer.status === 404 ? { items: [], resourceVersion: '0' } : listingOf(done(answer, call));
  };

  return {
    namespace,
    async create(object, signal) {
      const call: Call = { verb: 'create', ...refOf(object), query: FIELDS_OF, body: object };
      const answer = await ask(call, signal);
      if (!answer.ok && answer.reason === 'AlreadyExists') return undefined;
      return done(answer, call) as KubeObject;
    },
    async apply(object, signal) {
      const call: Call = { verb: 'apply', ...refOf(object), query: { ...FIELDS_OF, force: 'true' }, body: object };
      return done(await ask(call, signal), call) as KubeObject;
    },
    async patch({ kind, name }, patch, signal) {
      const call: Call = { verb: 'patch', kind, name, query: FIELDS_OF, body: patch };
      const answer = await ask(call, signal);
      if (!answer.ok && answer.status === 404) return undefined;
      if (!answer.ok && answer.status === 409) return 'conflict';
      return done(answer, call) as KubeObject;
    },
    async read({ kind, name }, signal) {
      const call: Call = { verb: 'read', kind, name };
      const answer = await ask(call, signal);
      return !answer.ok && answer.status === 404 ? undefined : (done(answer, call) as KubeObject);
    },
    list: async (query, signal) => [...(await listOf(query, signal)).items],
    async remove({ kind, name, uid }, propagationPolicy, signal) {
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy, ...(uid && { preconditions: { uid } }) };
      const call: Call = { verb: 'delete', kind, name, body };
      const answer = await ask(call, signal);
      if (!answer.ok && (answer.status === 404 || answer.status === 409)) return;
      done(answer, call);
    },
    async awaitState(query, decide, wait) {
      const at = { path: pathOf(namespace, query), query: selectorOf(query), list: () => listOf(query, wait.signal) };
      return await inSpan(`kubernetes watch ${query.kind}`, spanOf('watch', query.kind), async () =>
        followUntil(await connected(), at, decide, wait),
      );
    },
  };
}

function unusable(cause: unknown): AppError {
  const reason = `the kubeconfig cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new AppError('runtime.failed', { reason }, { cause });
}

/** What is made is posted to where its kind lives, and so is what asks for many. */
function pathOf(namespace: string, { verb, kind, name }: Partial<Call> & Pick<Call, 'kind'>): string {
  const { apiVersion, plural } = KINDS[kind];
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const isOne = name !== undefined && verb !== undefined && verb !== 'create';
  return `${root}/namespaces/${namespace}/${plural}${isOne ? `/${name}` : ''}`;
}

function refOf({ kind, metadata: { name } }: Manifest): ObjectRef {
  return { kind, name };
}

/** A call in words, for errors. */
function wordsOf({ verb, kind, name }: Call): string {
  return [verb, kind, ...(name === undefined ? [] : [name])].join(' ');
}

function selectorOf({ labels, name }: ObjectQuery): Record<string, string> {
  return { ...(labels && { labelSelector: labels }), ...(name && { fieldSelector: `metadata.name=${name}` }) };
}

/** @throws AppError as `errorOf` names it */
function done(answer: Answer, call: Call): unknown {
  if (answer.ok) return answer.value;
  throw errorOf(answer, wordsOf(call));
}

/** A request that got no answer may have been done: all requests here may be repeated. */
async function askPatiently(
  connection: ClusterConnection,
  call: PlacedCall,
  wait: { signal: AbortSignal; limitMs: number },
): Promise<Answer> {
  const deadline = performance.now() + wait.limitMs;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    const answer = await askOnce(connection, call, wait.signal);
    const isOver = performance.now() + waitMs > deadline;
    if (answer !== undefined && (answer.ok || !isPassing(answer) || isOver)) return answer;
    if (isOver) throw new AppError('runtime.cluster_unreachable', { reason: `${wordsOf(call)}: no answer` });
    const asked = answer === undefined || answer.ok ? 0 : Math.min(answer.retryAfterMs, MAX_WAIT_MS);
    await delay(Math.max(asked, waitMs * (0.5 + Math.random() / 2)), undefined, { signal: wait.signal });
  }
}

function spanOf(verb: string, kind: KindName): SpanOptions {
  return { kind: 'client', attributes: { 'wcr.kubernetes.verb': verb, 'wcr.kubernetes.kind': kind } };
}

function askOnce(connection: ClusterConnection, call: PlacedCall, signal: AbortSignal): Promise<Answer | undefined> {
  const { verb, kind } = call;
  return inSpan(`kubernetes ${verb} ${kind}`, spanOf(verb, kind), async (span) => {
    const answer = await send(connection, call, signal);
    if (answer === undefined) failSpan(span, 'no-answer');
    else if (!answer.ok) span.setAttribute('http.response.status_code', answer.status);
    return answer;
  });
}

/** @returns undefined when there was no whole answer */
async function send(connection: ClusterConnection, call: PlacedCall, signal: AbortSignal): Promise<Answer | undefined> {
  signal.throwIfAborted();
  const { verb, path, query, body } = call;
  const method = METHODS[verb];
  const address = `${path}${query ? `?${new URLSearchParams(query)}` : ''}`;
  try {
    const { headers, dispatcher } = await connection.authenticate(address, method);
    const contentType = CONTENT[verb];
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
