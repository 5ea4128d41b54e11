import type { Manifest, OwnerReference } from '../../cluster/cluster.types.ts';
import { INSTANCE_LABEL, labelsOf, ownedBy } from './clone-names.ts';
import { AGENT_CONFIG_KEY, DATABASE_PASSWORD_KEY } from './clone-secret.ts';
import type { KubernetesRuntimeConfig } from './kubernetes-runtime.config.ts';

/** What a clone's objects are made from. */
export type CloneWorkload = {
  readonly owner: OwnerReference;
  /** Address visitors use, without trailing slash. */
  readonly url: string;
  /** Name of the target that serves it, where it is not its own. */
  readonly target?: string;
  readonly settings: KubernetesRuntimeConfig & { readonly cloneImage: string };
};

/** What a pod and what belongs to it are made from. One without an address waits to be told whose clone it is. */
export type TargetWorkload = Pick<CloneWorkload, 'owner' | 'settings'> & { readonly url?: string };

const WWW_DATA = 33;
/** The `mysql` of the official images. */
const MYSQL = 999;
/** The restricted Pod Security Standard. */
const CONFINED = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

/** The objects of a clone besides its root and Secret, in the order in which they are applied. */
export function renderObjects(clone: CloneWorkload): Manifest[] {
  return [...renderTarget(clone), ...renderWay(clone)];
}

/** The pod, and what it keeps. */
export function renderTarget(target: TargetWorkload): Manifest[] {
  return [...(target.settings.storage === 'pvc' ? [renderVolume(target)] : []), renderDeployment(target)];
}

/** How the clone is reached. */
export function renderWay(clone: CloneWorkload): Manifest[] {
  return [renderService(clone), ...(clone.settings.routing === 'none' ? [] : [renderRoute(clone)])];
}

function renderDeployment(clone: TargetWorkload): Manifest {
  const { owner, settings } = clone;
  const selector = { [INSTANCE_LABEL]: owner.name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: ownedBy(owner, { name: owner.name, component: 'web' }),
    spec: {
      replicas: 1,
      revisionHistoryLimit: 1,
      // Two pods of a clone would write the same files.
      strategy: { type: 'Recreate' },
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: labelsOf(owner.name, 'web') },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          // Its visitors have gone before it ends: their way is taken away first.
          terminationGracePeriodSeconds: 5,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: WWW_DATA,
            runAsGroup: WWW_DATA,
            fsGroup: WWW_DATA,
            seccompProfile: CONFINED.seccompProfile,
          },
          // A database beside WordPress starts before it and ends after it.
          ...(settings.cloneDatabase === 'sidecar' && { initContainers: [databaseContainer(clone)] }),
          containers: [webContainer(clone)],
          volumes: volumesOf(clone),
        },
      },
    },
  };
}

function webContainer({ owner, url, settings }: TargetWorkload): object {
  const probe = (path: string, more: object) => ({ httpGet: { path, port: 'http' }, ...more });
  return {
    name: 'wordpress',
    image: settings.cloneImage,
    ports: [{ name: 'http', containerPort: 8080 }],
    env: [
      ...(url === undefined
        ? [{ name: 'WCR_WARM', value: '1' }]
        : [
            { name: 'WCR_CLONE_ID', value: owner.name },
            { name: 'WCR_CLONE_URL', value: url },
          ]),
      { name: 'WCR_GRACE_SECONDS', value: '3' },
    ],
    resources: {
      requests: { cpu: settings.cpuRequest, memory: settings.memoryRequest },
      limits: { memory: settings.memoryLimit },
    },
    startupProbe: probe('/healthz', { periodSeconds: 1, failureThreshold: 120 }),
    readinessProbe: probe('/readyz', { periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 5 }),
    livenessProbe: probe('/healthz', { periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 6 }),
    securityContext: CONFINED,
    volumeMounts: [
      { name: 'files', mountPath: '/var/www/html', subPath: 'site' },
      // What the clone was made of, and until when visitors may come: as long-lived as the site.
      { name: 'files', mountPath: '/run/wcr', subPath: 'run' },
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'agent', mountPath: '/etc/wcr', readOnly: true },
      ...(settings.cloneDatabase === 'sidecar' ? [{ name: 'database-run', mountPath: '/run/mysqld' }] : []),
    ],
  };
}

function databaseContainer({ owner, settings }: TargetWorkload): object {
  const password = { secretKeyRef: { name: owner.name, key: DATABASE_PASSWORD_KEY } };
  return {
    name: 'database',
    restartPolicy: 'Always',
    image: settings.sidecarImage,
    args: ['--skip-networking', '--character-set-server=utf8mb4'],
    env: [
      { name: 'MARIADB_DATABASE', value: 'wordpress' },
      { name: 'MARIADB_USER', value: 'wordpress' },
      { name: 'MARIADB_PASSWORD', valueFrom: password },
      { name: 'MARIADB_RANDOM_ROOT_PASSWORD', value: '1' },
    ],
    startupProbe: {
      exec: { command: ['healthcheck.sh', '--connect', '--innodb_initialized'] },
      periodSeconds: 2,
      timeoutSeconds: 5,
      failureThreshold: 90,
    },
    resources: { requests: { cpu: '50m', memory: '256Mi' }, limits: { memory: settings.memoryLimit } },
    securityContext: { ...CONFINED, runAsUser: MYSQL, runAsGroup: MYSQL },
    volumeMounts: [
      settings.storage === 'pvc'
        ? { name: 'files', mountPath: '/var/lib/mysql', subPath: 'database' }
        : { name: 'database', mountPath: '/var/lib/mysql', subPath: 'data' },
      { name: 'database-run', mountPath: '/run/mysqld' },
      { name: 'database-tmp', mountPath: '/tmp' },
    ],
  };
}

function volumesOf({ owner, settings }: TargetWorkload): object[] {
  const scratch = (name: string, sizeLimit: string) => ({ name, emptyDir: { sizeLimit } });
  const kept = settings.storage === 'pvc';
  const files = kept
    ? { name: 'files', persistentVolumeClaim: { claimName: owner.name } }
    : scratch('files', settings.storageSize);
  const data = kept ? [] : [scratch('database', settings.storageSize)];
  const database = [...data, scratch('database-run', '16Mi'), scratch('database-tmp', '1Gi')];
  return [
    files,
    scratch('tmp', '2Gi'),
    {
      name: 'agent',
      // The clone's own administrator and passwords stay out of its reach.
      secret: { secretName: owner.name, defaultMode: 0o440, items: [{ key: AGENT_CONFIG_KEY, path: AGENT_CONFIG_KEY }] },
    },
    ...(settings.cloneDatabase === 'sidecar' ? database : []),
  ];
}

function renderVolume({ owner, settings }: TargetWorkload): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: ownedBy(owner, { name: owner.name, component: 'web' }),
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: settings.storageSize } },
      ...(settings.storageClass && { storageClassName: settings.storageClass }),
    },
  };
}

function renderService({ owner, target = owner.name }: CloneWorkload): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedBy(owner, { name: owner.name, component: 'web' }),
    spec: {
      type: 'ClusterIP',
      selector: { [INSTANCE_LABEL]: target },
      ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
    },
  };
}

/** The way of visitors: by path or by host, as the clone's address says. The path is not stripped. */
function renderRoute(clone: CloneWorkload): Manifest {
  return clone.settings.routing === 'traefik' ? renderIngressRoute(clone) : renderIngress(clone);
}

function renderIngressRoute({ owner, url, settings }: CloneWorkload): Manifest {
  const { hostname, pathname } = new URL(url);
  const host = `Host(\`${hostname}\`)`;
  const path = pathname === '/' ? '' : ` && (Path(\`${pathname}\`) || PathPrefix(\`${pathname}/\`))`;
  return {
    apiVersion: 'traefik.io/v1alpha1',
    kind: 'IngressRoute',
    metadata: ownedBy(owner, { name: owner.name, component: 'route' }),
    spec: {
      entryPoints: [...settings.entryPoints],
      routes: [{ match: host + path, kind: 'Rule', services: [{ name: owner.name, port: 80 }] }],
    },
  };
}

function renderIngress({ owner, url, settings }: CloneWorkload): Manifest {
  const { hostname, pathname } = new URL(url);
  const backend = { service: { name: owner.name, port: { name: 'http' } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: ownedBy(owner, { name: owner.name, component: 'route' }),
    spec: {
      ...(settings.ingressClass && { ingressClassName: settings.ingressClass }),
      rules: [{ host: hostname, http: { paths: [{ path: pathname, pathType: 'Prefix', backend }] } }],
    },
  };
}
