import { apiVersionOf, type Kind, type KindRegistry } from '../kinds/kind.ts';
import type { Fields } from '../storage/kube-object.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Resources that are asked, not kept. */
const REVIEWS = {
  group: 'authorization.k8s.io',
  version: 'v1',
  resources: [
    {
      name: 'selfsubjectaccessreviews',
      singularName: 'selfsubjectaccessreview',
      namespaced: false,
      kind: 'SelfSubjectAccessReview',
      verbs: ['create'],
    },
  ],
};

/** What clients ask first: which versions, groups and kinds there are. `undefined` for any other path. */
export function discover(path: string, kinds: KindRegistry): Fields | undefined {
  if (path === '/version') return VERSION;
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (path === '/api/v1') return listResources('v1', ofGroup(kinds, ''));
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(kinds).map(describeGroup) };
  const [, root, group, version, ...more] = path.split('/');
  const known = groupsOf(kinds).find(({ name }) => name === group);
  if (root !== 'apis' || known === undefined || more.length > 0) return undefined;
  if (version === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(known) };
  return version === known.version ? listResources(`${group}/${version}`, ofGroup(kinds, known.name)) : undefined;
}

const VERSION = {
  ...{ major: '1', minor: '36', gitVersion: 'v1.36.0', gitCommit: '0'.repeat(40), gitTreeState: 'clean' },
  ...{ buildDate: '2026-04-22T00:00:00Z', goVersion: 'go1.26', compiler: 'gc', platform: 'linux/amd64' },
};

type Group = { readonly name: string; readonly version: string };

function groupsOf(kinds: KindRegistry): Group[] {
  const named = kinds.all().filter(({ group }) => group !== '');
  const groups = new Map(named.map(({ group, version }) => [group, version]));
  groups.set(REVIEWS.group, REVIEWS.version);
  return [...groups].map(([name, version]) => ({ name, version }));
}

function describeGroup({ name, version }: Group): Fields {
  const one = { groupVersion: `${name}/${version}`, version };
  return { name, versions: [one], preferredVersion: one };
}

function ofGroup(kinds: KindRegistry, group: string): Fields[] {
  const kept = kinds.all().filter((kind) => kind.group === group);
  return [...kept.flatMap(describeKind), ...(group === REVIEWS.group ? REVIEWS.resources : [])];
}

function describeKind(kind: Kind): Fields[] {
  const { plural, singular, namespaced, shortNames } = kind;
  const own = { name: plural, singularName: singular, namespaced, kind: kind.kind, verbs: VERBS, shortNames };
  const parts = kind.subresources.map((name) => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    ...describeSubresource(kind, name),
  }));
  return [own, ...parts];
}

function describeSubresource(kind: Kind, name: string): Fields {
  if (name === 'scale') return { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] };
  if (name === 'token') return { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] };
  if (name === 'log') return { kind: kind.kind, verbs: ['get'] };
  return { kind: kind.kind, verbs: ['get', 'patch', 'update'] };
}

function listResources(groupVersion: string, resources: Fields[]): Fields {
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

/**
 * The OpenAPI documents, reduced to what kubectl looks for before it lets the server check fields. `undefined` for any
 * other path.
 */
export function describeApi(path: string, kinds: KindRegistry): Fields | undefined {
  const groupVersions = new Set(kinds.all().map(apiVersionOf));
  const documentOf = (groupVersion: string) => `${groupVersion.includes('/') ? 'apis' : 'api'}/${groupVersion}`;
  if (path === '/openapi/v3') {
    const paths = [...groupVersions].map(documentOf).map((name) => [name, { serverRelativeURL: `/openapi/v3/${name}` }]);
    return { paths: Object.fromEntries(paths) };
  }
  const asked = [...groupVersions].find((groupVersion) => path === `/openapi/v3/${documentOf(groupVersion)}`);
  if (asked === undefined) return undefined;
  const ofVersion = kinds.all().filter((kind) => apiVersionOf(kind) === asked);
  const paths = ofVersion.map((kind) => [`/${documentOf(asked)}/${kind.plural}/{name}`, describePatch(kind)]);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: VERSION.gitVersion },
    paths: Object.fromEntries(paths),
    components: { schemas: {} },
  };
}

function describePatch({ group, version, kind }: Kind): Fields {
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string' },
  }));
  return { patch: { parameters, responses: {}, 'x-kubernetes-group-version-kind': { group, version, kind } } };
}
