import { type Config, type ConfigDefinition, envSchemas } from '@wcr/shared/config/parse-env';
import { z } from 'zod';

const text = z.string().optional();

/** What the Kubernetes runtime must be told; unused by the local one. `WCR_CLONES_URL` comes from the common configuration. */
export const kubernetesRuntimeConfig = {
  kubeconfig: {
    env: 'WCR_KUBECONFIG',
    doc: 'A kubeconfig file; without it the service account of the worker’s pod, or KUBECONFIG.',
    schema: text,
  },
  clonesNamespace: {
    env: 'WCR_KUBERNETES_NAMESPACE',
    doc: 'Namespace of the clones, which holds nothing else.',
    schema: z.string().default('wp-clones'),
  },
  provisioning: {
    env: 'WCR_KUBERNETES_PROVISIONING',
    doc: 'What makes a clone’s objects: the worker itself (manifests), or kro by a WordPressClone.',
    schema: z.enum(['manifests', 'kro']).default('manifests'),
  },
  cloneImage: { env: 'WCR_KUBERNETES_IMAGE', doc: 'Image of clones, built from deploy/images/wordpress-clone.', schema: text },
  cloneDatabase: {
    env: 'WCR_KUBERNETES_DATABASE',
    doc: 'Where clones have their database: shared (WCR_DATABASE_URL), sidecar (in the pod), dedicated (an RDS instance by ACK).',
    schema: z.enum(['shared', 'sidecar', 'dedicated']).default('shared'),
  },
  databaseAddress: {
    env: 'WCR_KUBERNETES_DATABASE_ADDRESS',
    doc: 'host:port at which clones reach the shared database; without it that of WCR_DATABASE_URL.',
    schema: text,
  },
  sidecarImage: {
    env: 'WCR_KUBERNETES_SIDECAR_IMAGE',
    doc: 'Image of the database beside a clone, one that understands the variables of the official MariaDB image.',
    schema: z.string().default('mariadb:11.4.8'),
  },
  dedicatedClass: {
    env: 'WCR_KUBERNETES_DEDICATED_CLASS',
    doc: 'Class of RDS instances.',
    schema: z.string().default('db.t4g.micro'),
  },
  dedicatedSubnets: { env: 'WCR_KUBERNETES_DEDICATED_SUBNETS', doc: 'DB subnet group of RDS instances.', schema: text },
  dedicatedSecurityGroups: {
    env: 'WCR_KUBERNETES_DEDICATED_SECURITY_GROUPS',
    doc: 'Ids of security groups of RDS instances, separated by commas.',
    schema: z
      .string()
      .default('')
      .transform((list) => list.split(',').filter((id) => id !== '')),
  },
  storage: {
    env: 'WCR_KUBERNETES_STORAGE',
    doc: 'Where clones keep their files: emptyDir ends with the pod, pvc outlives it.',
    schema: z.enum(['emptyDir', 'pvc']).default('emptyDir'),
  },
  storageSize: { env: 'WCR_KUBERNETES_STORAGE_SIZE', doc: 'Most a clone’s files may take.', schema: z.string().default('20Gi') },
  storageClass: {
    env: 'WCR_KUBERNETES_STORAGE_CLASS',
    doc: 'Class of a clone’s volume; the default one without it.',
    schema: text,
  },
  routing: {
    env: 'WCR_KUBERNETES_ROUTING',
    doc: 'How visitors reach clones: traefik (IngressRoute), ingress, or none.',
    schema: z.enum(['traefik', 'ingress', 'none']).default('traefik'),
  },
  ingressClass: { env: 'WCR_KUBERNETES_INGRESS_CLASS', doc: 'Class of a clone’s Ingress.', schema: text },
  entryPoints: {
    env: 'WCR_KUBERNETES_ENTRY_POINTS',
    doc: 'Entry points of Traefik, separated by commas.',
    schema: z
      .string()
      .default('websecure')
      .transform((list) => list.split(',')),
  },
  agentBase: {
    env: 'WCR_KUBERNETES_AGENT_BASE',
    doc: 'Where workers reach a clone’s Service; {service} and {namespace} stand for its names.',
    schema: z.string().default('http://{service}.{namespace}.svc'),
  },
  readySeconds: {
    env: 'WCR_KUBERNETES_READY_SECONDS',
    doc: 'Seconds a pod may take to become ready: nodes are started and images pulled in them.',
    schema: envSchemas.count.default(600),
  },
  poolMin: {
    env: 'WCR_KUBERNETES_POOL_MIN',
    doc: 'Targets made ahead of clones even while none is asked for. Not with kro or dedicated databases.',
    schema: envSchemas.count.default(0),
  },
  poolMax: {
    env: 'WCR_KUBERNETES_POOL_MAX',
    doc: 'Most targets made ahead while clones wait in the queue; 0 makes none. Not with kro or dedicated databases.',
    schema: envSchemas.count.default(0),
  },
  poolHours: {
    env: 'WCR_KUBERNETES_POOL_HOURS',
    doc: 'Hours after which a target made ahead is replaced by a new one.',
    schema: z.coerce.number().positive().default(24),
  },
  cpuRequest: { env: 'WCR_KUBERNETES_CPU', doc: 'CPU a clone’s container asks for.', schema: z.string().default('100m') },
  memoryRequest: {
    env: 'WCR_KUBERNETES_MEMORY',
    doc: 'Memory a clone’s container asks for.',
    schema: z.string().default('256Mi'),
  },
  memoryLimit: {
    env: 'WCR_KUBERNETES_MEMORY_LIMIT',
    doc: 'Most memory a clone’s container may take.',
    schema: z.string().default('1Gi'),
  },
} as const satisfies ConfigDefinition;

export type KubernetesRuntimeConfig = Config<typeof kubernetesRuntimeConfig>;
