import type { Manifest } from '../../cluster/cluster.types.ts';
import { ownedBy } from './clone-names.ts';
import type { DatabaseAddress } from './databases.ts';
import type { CloneWorkload } from './manifests.ts';

/** The resource of which kro makes a clone's objects, by the graph in deploy/kro. */
export function renderKroInstance(
  { owner, url, settings }: CloneWorkload,
  { expiresAt, database }: { expiresAt: number; database: DatabaseAddress | undefined },
): Manifest {
  return {
    apiVersion: 'clones.wp-clone-restore.dev/v1alpha1',
    kind: 'WordPressClone',
    metadata: ownedBy(owner, { name: owner.name, component: 'web' }),
    spec: {
      cloneId: owner.name,
      url,
      image: settings.cloneImage,
      expiresAt: new Date(expiresAt).toISOString(),
      database: {
        mode: settings.cloneDatabase,
        ...(database && { host: database.host, name: database.name, user: database.user }),
        image: settings.sidecarImage,
        instanceClass: settings.dedicatedClass,
        subnetGroupName: settings.dedicatedSubnets ?? '',
        securityGroupIds: settings.dedicatedSecurityGroups,
      },
      storage: { kind: settings.storage, size: settings.storageSize, className: settings.storageClass ?? '' },
      routing: {
        kind: settings.routing,
        host: new URL(url).hostname,
        path: new URL(url).pathname,
        className: settings.ingressClass ?? '',
        entryPoints: settings.entryPoints,
      },
      resources: {
        cpuRequest: settings.cpuRequest,
        memoryRequest: settings.memoryRequest,
        memoryLimit: settings.memoryLimit,
      },
    },
  };
}
