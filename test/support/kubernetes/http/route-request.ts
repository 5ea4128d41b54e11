import type { Kind, KindRegistry } from '../kinds/kind.ts';

/** A request for objects, taken apart. The name is empty for whole collections. */
export type ResourceRoute = {
  readonly type: 'resource';
  readonly verb: Verb;
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  readonly query: URLSearchParams;
};

/** Anything else, such as discovery. */
export type PathRoute = { readonly type: 'path'; readonly verb: string; readonly path: string; readonly query: URLSearchParams };

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** What a request is about; what looks like objects of a kind that is not served is a path. */
export function routeRequest(method: string, url: string, kinds: KindRegistry): ResourceRoute | PathRoute {
  const { pathname, searchParams: query } = new URL(url, 'https://server');
  const path: PathRoute = { type: 'path', verb: method.toLowerCase(), path: pathname, query };
  const elements = pathname
    .split('/')
    .filter((element) => element !== '')
    .map(decodeURIComponent);
  const [root, ...rest] = elements;
  const [group = '', version = '', ...place] = root === 'api' ? ['', ...rest] : rest;
  if (root !== 'api' && root !== 'apis') return path;
  const found = readPlace(place);
  if (found === undefined) return path;
  const kind = kinds.byPath(group, version, found.plural);
  const verb = verbOf(method, found.name, query);
  if (kind === undefined || verb === undefined || !fits(kind, found)) return path;
  return { type: 'resource', verb, kind, namespace: found.namespace, name: found.name, subresource: found.subresource, query };
}

type Place = { readonly plural: string; readonly namespace: string; readonly name: string; readonly subresource: string };

function readPlace(place: readonly string[]): Place | undefined {
  const isInNamespace = place[0] === 'namespaces' && place[2] !== undefined && !['status', 'finalize'].includes(place[2]);
  const [plural, name = '', ...sub] = isInNamespace ? place.slice(2) : place;
  if (plural === undefined) return undefined;
  return { plural, namespace: isInNamespace ? (place[1] ?? '') : '', name, subresource: sub.join('/') };
}

function fits(kind: Kind, { namespace, name, subresource }: Place): boolean {
  if (!kind.namespaced && namespace !== '') return false;
  if (kind.namespaced && namespace === '' && name !== '') return false;
  return subresource === '' || kind.subresources.includes(subresource);
}

function verbOf(method: string, name: string, query: URLSearchParams): Verb | undefined {
  const isWatch = ['true', '1'].includes(query.get('watch') ?? '');
  if (method === 'GET') return isWatch ? 'watch' : name === '' ? 'list' : 'get';
  if (method === 'DELETE') return name === '' ? 'deletecollection' : 'delete';
  return ({ POST: 'create', PUT: 'update', PATCH: 'patch' } as const)[method];
}
