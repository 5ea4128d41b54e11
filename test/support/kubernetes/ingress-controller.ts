import type { Cluster, KubeObject } from '@wcr/worker/drivers/cluster/cluster.types';
import { type Route, type Router, startRouter } from './router.ts';

const KINDS = ['Ingress', 'IngressRoute', 'Service', 'Pod'] as const;
type Seen = Record<(typeof KINDS)[number], readonly KubeObject[]>;
/** Longer than any test. */
const FOR_EVER_MS = 3_600_000;

/** A router whose rules are the Ingresses and IngressRoutes of a namespace. */
export type IngressController = AsyncDisposable & { readonly url: string };

export async function startIngressController(cluster: Cluster): Promise<IngressController> {
  const router = await startRouter();
  const stop = new AbortController();
  const following = follow(cluster, router, stop.signal);
  return {
    url: router.url,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await following;
      await router[Symbol.asyncDispose]();
    },
  };
}

/** Watches what routes are made of until it is stopped. */
async function follow(cluster: Cluster, router: Router, signal: AbortSignal): Promise<void> {
  const seen: Seen = { Ingress: [], IngressRoute: [], Service: [], Pod: [] };
  const watches = KINDS.map(async (kind) => {
    const note = (objects: readonly KubeObject[]): undefined => {
      seen[kind] = objects;
      router.setRoutes(routesOf(seen));
    };
    await cluster.awaitState({ kind }, note, { signal, limitMs: FOR_EVER_MS }).catch(() => undefined);
  });
  await Promise.all(watches);
}

function routesOf({ Ingress, IngressRoute, Service, Pod }: Seen): Route[] {
  const rules = [...Ingress.flatMap(rulesOfIngress), ...IngressRoute.flatMap(rulesOfIngressRoute)];
  return rules.map(({ host, path, service }) => ({
    ...(host && { host }),
    pathPrefix: path,
    target: endpointOf(
      Service.find(({ metadata }) => metadata.name === service),
      Pod,
    ),
  }));
}

type Rule = { readonly host: string | undefined; readonly path: string; readonly service: string };
type IngressSpec = {
  readonly rules?: readonly {
    readonly host?: string;
    readonly http?: {
      readonly paths: readonly { readonly path?: string; readonly backend: { readonly service?: { readonly name: string } } }[];
    };
  }[];
};
type IngressRouteSpec = {
  readonly routes: readonly { readonly match: string; readonly services: readonly { readonly name: string }[] }[];
};

function rulesOfIngress(object: KubeObject): Rule[] {
  const { rules = [] } = object['spec'] as IngressSpec;
  return rules.flatMap(({ host, http }) =>
    (http?.paths ?? []).map(({ path = '/', backend }) => ({ host, path, service: backend.service?.name ?? '' })),
  );
}

function rulesOfIngressRoute(object: KubeObject): Rule[] {
  const { routes } = object['spec'] as IngressRouteSpec;
  return routes.map(({ match, services }) => ({
    host: /Host\(`([^`]+)`\)/.exec(match)?.[1],
    path: /PathPrefix\(`([^`]+)`\)/.exec(match)?.[1] ?? '/',
    service: services[0]?.name ?? '',
  }));
}

function endpointOf(service: KubeObject | undefined, pods: readonly KubeObject[]): string | undefined {
  const { selector = {} } = (service?.['spec'] ?? {}) as { selector?: Record<string, string> };
  const ready = pods.find(
    (pod) => isReady(pod) && Object.entries(selector).every(([name, value]) => pod.metadata.labels?.[name] === value),
  );
  const { podIP } = (ready?.['status'] ?? {}) as { podIP?: string };
  return service && podIP ? `http://${podIP}:8080` : undefined;
}

function isReady(pod: KubeObject): boolean {
  const { conditions = [] } = (pod['status'] ?? {}) as { conditions?: { type: string; status: string }[] };
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}
