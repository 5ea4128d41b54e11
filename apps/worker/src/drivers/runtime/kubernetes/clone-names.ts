import type { KubeMetadata, OwnerReference } from '../../cluster/cluster.types.ts';

export const DOMAIN = 'clones.wp-clone-restore.dev';
/** The whole record of a clone as JSON, on its root. */
export const RECORD_ANNOTATION = `${DOMAIN}/record`;
/** When it must be gone, for people. */
export const EXPIRES_ANNOTATION = `${DOMAIN}/expires-at`;
/** Name of the warm target that serves the clone, or the clone's own name for one without; on its root. */
export const TARGET_ANNOTATION = `${DOMAIN}/target`;
/** The labels by which Kubernetes' own tools group objects. */
export const NAME_LABEL = 'app.kubernetes.io/name';
export const INSTANCE_LABEL = 'app.kubernetes.io/instance';
export const COMPONENT_LABEL = 'app.kubernetes.io/component';

export const CLONE_NAME = 'wordpress-clone';
/** Selects the roots of all clones. */
export const ROOT_SELECTOR = `${NAME_LABEL}=${CLONE_NAME},${COMPONENT_LABEL}=root`;

type Component = 'root' | 'warm' | 'web' | 'database' | 'route';

/** What every object of a clone says of itself. */
export function labelsOf(cloneId: string, component: Component): Record<string, string> {
  return {
    [NAME_LABEL]: CLONE_NAME,
    [INSTANCE_LABEL]: cloneId,
    [COMPONENT_LABEL]: component,
    'app.kubernetes.io/part-of': 'wp-clone-restore',
    'app.kubernetes.io/managed-by': 'wp-clone-restore',
  };
}

/** Metadata of an object that goes with the clone's root. */
export function ownedBy(owner: OwnerReference, { name, component }: { name: string; component: Component }): KubeMetadata {
  return { name, labels: labelsOf(owner.name, component), ownerReferences: [owner] };
}

/** Selects everything of one clone. */
export function instanceSelector(cloneId: string): string {
  return `${INSTANCE_LABEL}=${cloneId}`;
}
