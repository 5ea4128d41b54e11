import type { IncomingMessage, ServerResponse } from 'node:http';
import { denial, isAllowed } from '../access/authorize.ts';
import type { RequestRecorder } from '../access/request-recorder.ts';
import type { Tokens, User } from '../access/tokens.ts';
import type { Faults, RequestFacts } from '../faults.ts';
import { required } from '../validation/field-error.ts';
import { type Caller, type Machinery, storeKey, timeOf } from '../verbs/machinery.ts';
import { APPLY_PATCH } from '../verbs/patch-object.ts';
import { readObject } from '../verbs/update-object.ts';
import { describeApi, discover } from './discovery.ts';
import { type Answer, executeVerb, reviewAccess, selectorOf } from './execute-verb.ts';
import { meetFault } from './meet-fault.ts';
import { type Body, readRequestBody } from './read-body.ts';
import { type PathRoute, type ResourceRoute, routeRequest } from './route-request.ts';
import { serveWatch } from './serve-watch.ts';
import { badRequest, invalid, noSuchPath, StatusError, unauthorized } from './status-error.ts';

/** What answering needs. */
export type Surroundings = {
  readonly machinery: Machinery;
  readonly tokens: Tokens;
  readonly faults: Faults;
  readonly recorder: RequestRecorder;
  /** What a pod has written so far. */
  readLog(namespace: string, pod: string, container: string | undefined): Promise<string>;
};

const PUBLIC = ['/healthz', '/readyz', '/livez', '/version'];
const PATCH_OPTIONS = { group: 'meta.k8s.io', plural: '', kind: 'PatchOptions' };
const TOKEN_SECONDS = 3600;

/** Answers one request, whatever happens. */
export async function handleRequest(around: Surroundings, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const route = routeRequest(request.method ?? 'GET', request.url ?? '/', around.machinery.kinds);
    const user = around.tokens.authenticate(request.headers.authorization);
    if (route.type === 'path') await answerPath(around, route, user, request, response);
    else await answerResource(around, route, user, request, response);
  } catch (error) {
    sendError(response, error);
  }
}

async function answerPath(
  around: Surroundings,
  route: PathRoute,
  user: User | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { path, verb } = route;
  if (user === undefined && !PUBLIC.includes(path)) throw unauthorized();
  if (PUBLIC.slice(0, 3).includes(path)) return send(response, { code: 200, body: 'ok' });
  const { kinds, store } = around.machinery;
  if (user !== undefined && verb === 'post' && path === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews') {
    const { value } = await readRequestBody(request);
    const judge = ({ verb = '', group = '', resource = '', subresource = '', namespace = '', name = '' }) =>
      isAllowed(store, user, { verb, group, resource, subresource, namespace, name });
    return send(response, reviewAccess(value, judge));
  }
  const found = verb === 'get' ? (discover(path, kinds) ?? describeApi(path, kinds)) : undefined;
  if (found === undefined) throw noSuchPath();
  send(response, { code: 200, body: found });
}

async function answerResource(
  around: Surroundings,
  route: ResourceRoute,
  user: User | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (user === undefined) throw unauthorized();
  const facts = factsOf(route, user);
  around.recorder.add(facts);
  const body = await readRequestBody(request);
  const taken = around.faults.take(facts);
  if (!(await meetFault(taken, 'before', response))) return;
  authorize(around, user, facts);
  if (route.verb === 'watch') {
    serveWatch(around.machinery, watchQuery(route), response, taken);
    return;
  }
  const answer = await answerOf(around, route, body, user, callerOf(request, route, user));
  if (!(await meetFault(taken, 'after', response))) return;
  send(response, answer);
}

async function answerOf(around: Surroundings, route: ResourceRoute, body: Body, user: User, caller: Caller): Promise<Answer> {
  const { kind, namespace, name, subresource, query } = route;
  if (subresource === 'token') return giveToken(around, route, body);
  if (subresource === 'log') {
    readObject(around.machinery, { kind, namespace, name, subresource });
    return { code: 200, body: await around.readLog(namespace, name, query.get('container') ?? undefined) };
  }
  const isApply = route.verb === 'patch' && body.mediaType === APPLY_PATCH;
  if (isApply && query.get('fieldManager') === null) {
    throw invalid(PATCH_OPTIONS, '', [required('fieldManager', 'is required for apply patch')]);
  }
  // What is applied for the first time is created, and that is a right of its own.
  const isNew = isApply && around.machinery.store.read(storeKey({ kind, namespace, name })) === undefined;
  if (isNew) {
    const creation = { ...factsOf(route, user), verb: 'create' };
    around.recorder.add(creation);
    authorize(around, user, creation);
  }
  return executeVerb(around.machinery, route, body, caller);
}

function giveToken({ machinery, tokens }: Surroundings, route: ResourceRoute, { value }: Body): Answer {
  const account = readObject(machinery, { ...route, subresource: '' });
  const spec = (value as { spec?: { expirationSeconds?: number } } | undefined)?.spec ?? {};
  const seconds = spec.expirationSeconds ?? TOKEN_SECONDS;
  const token = tokens.grantAccount(route.namespace, route.name, account.metadata.uid ?? '', seconds);
  const expirationTimestamp = timeOf(new Date(machinery.now().getTime() + seconds * 1000));
  const request = {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: route.name, namespace: route.namespace },
  };
  return {
    code: 201,
    body: {
      ...request,
      spec: { audiences: ['https://kubernetes.default.svc'], ...spec, expirationSeconds: seconds },
      status: { token, expirationTimestamp },
    },
  };
}

/** A namespace lies in itself, as far as rights are concerned. */
function factsOf({ kind, verb, namespace, name, subresource }: ResourceRoute, user: User): RequestFacts {
  const place = kind.kind === 'Namespace' ? name : namespace;
  return { user: user.name, verb, group: kind.group, resource: kind.plural, subresource, namespace: place, name };
}

function authorize({ machinery }: Surroundings, user: User, { user: _user, ...attempt }: RequestFacts): void {
  if (!isAllowed(machinery.store, user, attempt)) throw denial(user, attempt);
}

function callerOf(request: IncomingMessage, { query }: ResourceRoute, user: User): Caller {
  const program = (request.headers['user-agent'] ?? 'unknown').split('/')[0] ?? 'unknown';
  const dryRun = query.get('dryRun');
  if (dryRun !== null && dryRun !== 'All') throw badRequest(`dryRun: Unsupported value: "${dryRun}": supported values: "All"`);
  return { user: user.name, groups: user.groups, fieldManager: query.get('fieldManager') || program, dryRun: dryRun === 'All' };
}

function watchQuery(route: ResourceRoute) {
  const { kind, namespace, query } = route;
  return {
    kind,
    namespace,
    isSelected: selectorOf(route),
    resourceVersion: query.get('resourceVersion') ?? '',
    sendInitialEvents: query.get('sendInitialEvents') === 'true',
    allowBookmarks: query.get('allowWatchBookmarks') === 'true',
    timeoutSeconds: Number(query.get('timeoutSeconds') ?? 0),
  };
}

function send(response: ServerResponse, { code, body }: Answer): void {
  const isText = typeof body === 'string';
  response.writeHead(code, { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json' });
  response.end(isText ? body : `${JSON.stringify(body)}\n`);
}

function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const known =
    error instanceof StatusError ? error : new StatusError(500, 'InternalError', `Internal error occurred: ${String(error)}`);
  const { retryAfterSeconds } = known.details ?? {};
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
  send(response, { code: known.code, body: known.toStatus() });
}
