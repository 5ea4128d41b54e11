/** Any object of the cluster's API, reduced to what its users look at. */
export type KubeObject = {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: KubeMetadata;
  readonly [field: string]: unknown;
};

export type KubeMetadata = {
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
};

export type OwnerReference = { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string };

/** An object to be made: its kind and name are known. */
export type Manifest = { readonly apiVersion: string; readonly kind: KindName; readonly metadata: KubeMetadata } & Readonly<
  Record<string, unknown>
>;

/** Every kind this program touches; a Role of `deploy/` allows exactly these. */
export const KINDS = {
  ConfigMap: { apiVersion: 'v1', plural: 'configmaps' },
  Secret: { apiVersion: 'v1', plural: 'secrets' },
  Service: { apiVersion: 'v1', plural: 'services' },
  Pod: { apiVersion: 'v1', plural: 'pods' },
  PersistentVolumeClaim: { apiVersion: 'v1', plural: 'persistentvolumeclaims' },
  Deployment: { apiVersion: 'apps/v1', plural: 'deployments' },
  Ingress: { apiVersion: 'networking.k8s.io/v1', plural: 'ingresses' },
  IngressRoute: { apiVersion: 'traefik.io/v1alpha1', plural: 'ingressroutes' },
  DBInstance: { apiVersion: 'rds.services.k8s.aws/v1alpha1', plural: 'dbinstances' },
  WordPressClone: { apiVersion: 'clones.wp-clone-restore.dev/v1alpha1', plural: 'wordpressclones' },
} as const;
export type KindName = keyof typeof KINDS;

export type ObjectRef = { readonly kind: KindName; readonly name: string };
/** Objects of a kind: all that match the labels (`a=b,c in (d,e)`), or the one of a name. */
export type ObjectQuery = { readonly kind: KindName; readonly labels?: string; readonly name?: string };

/**
 * One namespace of a cluster. What a busy or restarting control plane answers is asked again for a while.
 * All methods throw AppError `runtime.cluster_unreachable`, `runtime.cluster_forbidden`, `runtime.quota_exceeded` or
 * `runtime.failed`.
 */
export type Cluster = {
  readonly namespace: string;
  /** @returns undefined when an object of that name is there already */
  create(object: Manifest, signal: AbortSignal): Promise<KubeObject | undefined>;
  /** Server-side apply: makes the fields of the object what they are here, whatever others have made of them. */
  apply(object: Manifest, signal: AbortSignal): Promise<KubeObject>;
  /**
   * A JSON merge patch. With `metadata.resourceVersion` in it, it is refused when the object has changed since.
   * @returns undefined when the object is not there, 'conflict' when it has changed
   */
  patch(ref: ObjectRef, patch: object, signal: AbortSignal): Promise<KubeObject | 'conflict' | undefined>;
  read(ref: ObjectRef, signal: AbortSignal): Promise<KubeObject | undefined>;
  list(query: ObjectQuery, signal: AbortSignal): Promise<KubeObject[]>;
  /** Asks for its removal, which takes its time. Nothing happens when it is gone, or when it is another one than `uid`. */
  remove(ref: ObjectRef & { readonly uid?: string | undefined }, propagation: Propagation, signal: AbortSignal): Promise<void>;
  /**
   * Waits until the objects of a query satisfy a condition, by a watch that goes on where it was cut off.
   * @param decide called with every state of the objects; undefined goes on waiting
   * @returns undefined after `limitMs`
   */
  awaitState<T>(
    query: ObjectQuery,
    decide: (objects: readonly KubeObject[]) => T | undefined,
    wait: Wait,
  ): Promise<T | undefined>;
};

export type Propagation = 'Foreground' | 'Background';
export type Wait = { readonly signal: AbortSignal; readonly limitMs: number };
