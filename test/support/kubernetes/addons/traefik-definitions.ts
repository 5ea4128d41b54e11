import type { JsonSchema } from '../validation/json-schema.ts';
import { defineKind } from './define-kind.ts';

const TEXT: JsonSchema = { type: 'string' };
const FLAG: JsonSchema = { type: 'boolean' };
const NUMBER: JsonSchema = { type: 'integer' };
const TEXTS: JsonSchema = { type: 'array', items: TEXT };
const TEXT_MAP: JsonSchema = { type: 'object', additionalProperties: TEXT };
const NUMBER_OR_TEXT: JsonSchema = { 'x-kubernetes-int-or-string': true };

const fields = (properties: Readonly<Record<string, JsonSchema>>, required: readonly string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
});
const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items });

const REFERENCE = fields({ name: TEXT, namespace: TEXT }, ['name']);

const SERVICE = fields(
  {
    ...{ name: TEXT, namespace: TEXT, kind: { type: 'string', enum: ['Service', 'TraefikService'] }, port: NUMBER_OR_TEXT },
    ...{ weight: { type: 'integer', minimum: 0 }, scheme: TEXT, serversTransport: TEXT, passHostHeader: FLAG, nativeLB: FLAG },
    strategy: { type: 'string', enum: ['wrr', 'p2c', 'hrw', 'leasttime', 'RoundRobin'] },
    sticky: fields({
      cookie: fields({ name: TEXT, secure: FLAG, httpOnly: FLAG, sameSite: TEXT, maxAge: NUMBER, path: TEXT, domain: TEXT }),
    }),
    healthCheck: fields({
      path: TEXT,
      port: NUMBER,
      interval: NUMBER_OR_TEXT,
      timeout: NUMBER_OR_TEXT,
      hostname: TEXT,
      scheme: TEXT,
    }),
    responseForwarding: fields({ flushInterval: TEXT }),
  },
  ['name'],
);

const ROUTE = fields(
  {
    match: TEXT,
    kind: { type: 'string', enum: ['Rule'] },
    priority: { type: 'integer', maximum: Number.MAX_SAFE_INTEGER },
    syntax: TEXT,
    middlewares: list(REFERENCE),
    services: list(SERVICE),
    observability: fields({ accessLogs: FLAG, metrics: FLAG, tracing: FLAG, traceVerbosity: TEXT }),
  },
  ['match'],
);

const ROUTE_SPEC = fields(
  {
    entryPoints: TEXTS,
    ingressClassName: TEXT,
    parentRefs: list(REFERENCE),
    routes: list(ROUTE),
    tls: fields({
      secretName: TEXT,
      certResolver: TEXT,
      options: REFERENCE,
      store: REFERENCE,
      domains: list(fields({ main: TEXT, sans: TEXTS })),
    }),
  },
  ['routes'],
);

const HEADERS = fields({
  ...{
    customRequestHeaders: TEXT_MAP,
    customResponseHeaders: TEXT_MAP,
    accessControlAllowMethods: TEXTS,
    accessControlAllowOriginList: TEXTS,
  },
  ...{ frameDeny: FLAG, contentTypeNosniff: FLAG, browserXssFilter: FLAG, referrerPolicy: TEXT, permissionsPolicy: TEXT },
  ...{ stsSeconds: NUMBER, stsIncludeSubdomains: FLAG, stsPreload: FLAG, forceSTSHeader: FLAG, contentSecurityPolicy: TEXT },
  ...{
    customFrameOptionsValue: TEXT,
    customBrowserXSSValue: TEXT,
    isDevelopment: FLAG,
    hostsProxyHeaders: TEXTS,
    sslProxyHeaders: TEXT_MAP,
  },
});

const MIDDLEWARE_SPEC = fields({
  addPrefix: fields({ prefix: TEXT }),
  basicAuth: fields({ secret: TEXT, realm: TEXT, removeHeader: FLAG, headerField: TEXT }),
  buffering: fields({
    maxRequestBodyBytes: NUMBER,
    memRequestBodyBytes: NUMBER,
    maxResponseBodyBytes: NUMBER,
    memResponseBodyBytes: NUMBER,
    retryExpression: TEXT,
  }),
  chain: fields({ middlewares: list(REFERENCE) }),
  compress: fields({
    excludedContentTypes: TEXTS,
    includedContentTypes: TEXTS,
    minResponseBodyBytes: NUMBER,
    encodings: TEXTS,
    defaultEncoding: TEXT,
  }),
  errors: fields({
    status: TEXTS,
    service: SERVICE,
    query: TEXT,
    statusRewrites: { type: 'object', additionalProperties: NUMBER },
  }),
  forwardAuth: fields({ address: TEXT, trustForwardHeader: FLAG, authResponseHeaders: TEXTS, authRequestHeaders: TEXTS }),
  headers: HEADERS,
  inFlightReq: fields({ amount: NUMBER }),
  ipAllowList: fields({ sourceRange: TEXTS, rejectStatusCode: NUMBER }),
  rateLimit: fields({ average: NUMBER, period: NUMBER_OR_TEXT, burst: NUMBER }),
  redirectRegex: fields({ regex: TEXT, replacement: TEXT, permanent: FLAG }),
  redirectScheme: fields({ scheme: TEXT, port: TEXT, permanent: FLAG }),
  replacePath: fields({ path: TEXT }),
  replacePathRegex: fields({ regex: TEXT, replacement: TEXT }),
  retry: fields({ attempts: NUMBER, initialInterval: NUMBER_OR_TEXT }),
  stripPrefix: fields({ prefixes: TEXTS, forceSlash: FLAG }),
  stripPrefixRegex: fields({ regex: TEXTS }),
});

const GROUP = { group: 'traefik.io', version: 'v1alpha1' };

/** Traefik's kinds, as far as routes to clones may use them. */
export const traefikDefinitions = [
  defineKind({ ...GROUP, kind: 'IngressRoute', plural: 'ingressroutes', spec: ROUTE_SPEC }),
  defineKind({ ...GROUP, kind: 'Middleware', plural: 'middlewares', spec: MIDDLEWARE_SPEC }),
];
