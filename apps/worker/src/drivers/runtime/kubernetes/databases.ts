import { AppError } from '@wcr/shared/errors/app-error';
import type { Cluster, KubeObject, Manifest, OwnerReference } from '../../cluster/cluster.types.ts';
import { type CloneDatabases, createCloneDatabases, databaseNameOf } from '../clone-database.ts';
import { ownedBy } from './clone-names.ts';
import { DATABASE_PASSWORD_KEY } from './clone-secret.ts';
import type { KubernetesRuntimeConfig } from './kubernetes-runtime.config.ts';

/** Where a clone's database is; the password is in its Secret. */
export type DatabaseAddress = { readonly host: string; readonly name: string; readonly user: string };
export type WantedDatabase = {
  readonly owner: OwnerReference;
  readonly password: string;
  readonly charset: string;
  readonly collation: string;
  /** Throws when the clone is being removed; asked while nobody else may remove it. */
  readonly assertWanted: () => Promise<void>;
};

/** One way to give clones a database. Making and removing may be repeated. */
export type DatabaseProvider = {
  /** Where it will be, when that is known before. */
  addressOf(cloneId: string): DatabaseAddress | undefined;
  /** Where it is; undefined when there is none yet. */
  find(cloneId: string, signal: AbortSignal): Promise<DatabaseAddress | undefined>;
  ensure(wanted: WantedDatabase, signal: AbortSignal): Promise<DatabaseAddress>;
  /** To be called when the clone is known to be leaving. */
  remove(cloneId: string, signal: AbortSignal): Promise<void>;
};

type Settings = KubernetesRuntimeConfig & { readonly databaseUrl: string | undefined };

/** @throws Error when what the configured way needs is not configured */
export function createDatabaseProvider(cluster: Cluster, settings: Settings): DatabaseProvider {
  if (settings.cloneDatabase === 'sidecar') return sidecarDatabase();
  if (settings.cloneDatabase === 'dedicated') return dedicatedDatabase(cluster, settings);
  if (settings.databaseUrl === undefined) throw new Error('WCR_DATABASE_URL must be set: clones share that server.');
  const { host } = new URL(settings.databaseUrl);
  return sharedDatabase(createCloneDatabases(settings.databaseUrl, ['%']), settings.databaseAddress ?? host);
}

/** A schema and a user of a server that all clones share. */
function sharedDatabase(databases: CloneDatabases, host: string): DatabaseProvider {
  const addressOf = (cloneId: string): DatabaseAddress => ({
    host,
    name: databaseNameOf(cloneId),
    user: databaseNameOf(cloneId),
  });
  return {
    addressOf,
    find: async (cloneId) => addressOf(cloneId),
    async ensure({ owner, password, charset, collation, assertWanted }) {
      const cloneId = owner.name;
      await databases.withLock(cloneId, async () => {
        await assertWanted();
        await databases.ensure({ cloneId, password, charset, collation });
      });
      return addressOf(cloneId);
    },
    // Whoever is about to make it is waited for; afterwards nobody is.
    remove: (cloneId) => databases.withLock(cloneId, () => databases.remove(cloneId)),
  };
}

/** A server in the clone's own pod: it comes and goes with it. */
function sidecarDatabase(): DatabaseProvider {
  const address = { host: '127.0.0.1:3306', name: 'wordpress', user: 'wordpress' };
  return { addressOf: () => address, find: async () => address, ensure: async () => address, remove: async () => undefined };
}

const DEDICATED = { name: 'wordpress', user: 'wordpress' };
/** ACK's own tests wait 20 minutes for one. */
const DEDICATED_MS = 25 * 60_000;

/** An RDS instance of the clone's own, made by AWS Controllers for Kubernetes. It takes minutes. */
function dedicatedDatabase(cluster: Cluster, settings: Settings): DatabaseProvider {
  return {
    addressOf: () => undefined,
    async find(cloneId, signal) {
      const host = endpointOf(await cluster.read({ kind: 'DBInstance', name: cloneId }, signal));
      return host === undefined ? undefined : { host, ...DEDICATED };
    },
    async ensure({ owner, assertWanted }, signal) {
      await assertWanted();
      // With kro the WordPressClone brings it.
      if (settings.provisioning === 'manifests') await cluster.apply(renderInstance(owner, cluster.namespace, settings), signal);
      const host = await cluster.awaitState({ kind: 'DBInstance', name: owner.name }, ([instance]) => endpointOf(instance), {
        signal,
        limitMs: DEDICATED_MS,
      });
      if (host === undefined) throw new AppError('runtime.not_starting', { reason: 'the RDS instance has no endpoint yet' });
      return { host, ...DEDICATED };
    },
    async remove(cloneId, signal) {
      await cluster.remove({ kind: 'DBInstance', name: cloneId }, 'Foreground', signal);
      const gone = await cluster.awaitState({ kind: 'DBInstance', name: cloneId }, (left) => left.length === 0 || undefined, {
        signal,
        limitMs: DEDICATED_MS,
      });
      if (!gone) throw new AppError('runtime.failed', { reason: `the RDS instance of ${cloneId} is still there` });
    },
  };
}

type InstanceStatus = {
  readonly endpoint?: { readonly address?: string; readonly port?: number };
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
};

/** @throws AppError `runtime.database_failed` when ACK has given up */
function endpointOf(instance: KubeObject | undefined): string | undefined {
  const { endpoint, conditions = [] } = (instance?.['status'] ?? {}) as InstanceStatus;
  const terminal = conditions.find(({ type, status }) => type === 'ACK.Terminal' && status === 'True');
  if (terminal) throw new AppError('runtime.database_failed', { reason: terminal.message ?? 'ACK.Terminal' });
  return endpoint?.address === undefined ? undefined : `${endpoint.address}:${endpoint.port ?? 3306}`;
}

function renderInstance(owner: OwnerReference, namespace: string, settings: Settings): Manifest {
  const { dedicatedSubnets, dedicatedSecurityGroups } = settings;
  const metadata = ownedBy(owner, { name: owner.name, component: 'database' });
  return {
    apiVersion: 'rds.services.k8s.aws/v1alpha1',
    kind: 'DBInstance',
    metadata: {
      ...metadata,
      annotations: { 'services.k8s.aws/deletion-policy': 'delete', 'rds.services.k8s.aws/skip-final-snapshot': 'true' },
    },
    spec: {
      dbInstanceIdentifier: owner.name,
      dbInstanceClass: settings.dedicatedClass,
      engine: 'mysql',
      engineVersion: '8.4',
      allocatedStorage: 20,
      storageType: 'gp3',
      storageEncrypted: true,
      dbName: DEDICATED.name,
      masterUsername: DEDICATED.user,
      masterUserPassword: { namespace, name: owner.name, key: DATABASE_PASSWORD_KEY },
      ...(dedicatedSubnets && { dbSubnetGroupName: dedicatedSubnets }),
      ...(dedicatedSecurityGroups.length > 0 && { vpcSecurityGroupIDs: dedicatedSecurityGroups }),
      // Nobody needs yesterday's state of a clone, and an instance without it is ready sooner.
      backupRetentionPeriod: 0,
      multiAZ: false,
      publiclyAccessible: false,
    },
  };
}
