import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { cloneAddress } from '@wcr/shared/domain/clone-address';
import { CloneId } from '@wcr/shared/domain/clone-id';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Cluster } from '../../cluster/cluster.types.ts';
import { renderAgentConfig } from '../agent-config.ts';
import { awaitAgent } from '../await-agent.ts';
import type { CloneHandle, CloneSpec, Runtime } from '../runtime.types.ts';
import { type CloneRoot, ensureRoot, isLeaving, listRoots, readRoot, updateRoot } from './clone-root.ts';
import { type CloneSecrets, DATABASE_PASSWORD_KEY, ensureSecrets, readSecrets, writeAgentConfig } from './clone-secret.ts';
import { createDatabaseProvider, type DatabaseAddress, type DatabaseProvider } from './databases.ts';
import type { KubernetesRuntimeConfig } from './kubernetes-runtime.config.ts';
import { closeDoor, openDoor } from './visitors-door.ts';
import { awaitPod, createWorkloadMaker, removeAndWait, type WorkloadMaker } from './workload.ts';

/** Where the image has the site, and where its agent works. */
const SITE_ROOT = '/var/www/html/';
const AGENT_WORK = '/run/wcr/agent/';
/** The pod is ready when this is waited for; what is left is the way to it. */
const AGENT_MS = 60_000;

export type KubernetesRuntimeOptions = KubernetesRuntimeConfig & {
  readonly clonesUrl: string;
  readonly databaseUrl: string | undefined;
  readonly cluster: Cluster;
};

type Parts = {
  readonly cluster: Cluster;
  readonly options: KubernetesRuntimeOptions & { readonly cloneImage: string };
  readonly databases: DatabaseProvider;
  readonly workloads: WorkloadMaker;
};

/**
 * Clones as objects of a cluster. A ConfigMap stands for each (clone-root.ts): it decides whether the clone exists, and owns
 * everything else, so that whatever a killed worker leaves is found by `list()`, and what it makes afterwards is collected.
 * @throws Error when something is not configured
 */
export function createKubernetesRuntime(options: KubernetesRuntimeOptions): Runtime {
  const { cluster, cloneImage } = options;
  if (cloneImage === undefined) throw new Error('WCR_KUBERNETES_IMAGE must be set.');
  const parts: Parts = {
    cluster,
    options: { ...options, cloneImage },
    databases: createDatabaseProvider(cluster, options),
    workloads: createWorkloadMaker(cluster, options),
  };
  const urlOf = (cloneId: string) => addressOf(parts, cloneId);
  return {
    name: 'kubernetes',
    ensure: (spec, signal) => ensureClone(parts, spec, signal),
    awaitReady: (cloneId, signal) => awaitReady(parts, cloneId, signal),
    read: async (cloneId) => (await readRoot(cluster, cloneId, { url: urlOf(cloneId), signal: NEVER }))?.record,
    open: (cloneId) => openClone(parts, cloneId),
    list: () => listRoots(cluster, urlOf, NEVER),
    update: (cloneId, patch) => updateClone(parts, cloneId, patch),
    remove: (cloneId, signal) => removeClone(parts, cloneId, signal),
    addressOf: urlOf,
  };
}

const NEVER = new AbortController().signal;

async function ensureClone(parts: Parts, spec: CloneSpec, signal: AbortSignal): Promise<CloneHandle> {
  signal.throwIfAborted();
  const cloneId = CloneId.parse(spec.record.id);
  const { cluster, databases } = parts;
  const root = await ensureRoot(cluster, spec.record, signal);
  const secrets = await ensureSecrets(cluster, root.owner, signal);
  const known = databases.addressOf(cloneId);
  const { databaseCharset: charset, databaseCollation: collation } = spec;
  const assertWanted = () => assertNotLeaving(parts, cloneId, signal);
  const wanted = { owner: root.owner, password: secrets[DATABASE_PASSWORD_KEY], charset, collation, assertWanted };
  // kro brings a dedicated database; everything else needs to know where it is.
  const workload = {
    owner: root.owner,
    url: addressOf(parts, cloneId),
    settings: parts.options,
    expiresAt: root.record.expiresAt,
  };
  const isBrought = parts.options.provisioning === 'kro' && known === undefined;
  if (isBrought) await parts.workloads.ensure({ ...workload, database: undefined }, signal);
  const database = await databases.ensure(wanted, signal);
  const handle = toHandle(parts, { root, secrets, database });
  await writeAgentConfig(cluster, cloneId, agentConfigOf(handle, spec.tablePrefix), signal);
  if (!isBrought) await parts.workloads.ensure({ ...workload, database }, signal);
  return handle;
}

async function assertNotLeaving(parts: Parts, cloneId: string, signal: AbortSignal): Promise<void> {
  const root = await readRoot(parts.cluster, cloneId, { url: addressOf(parts, cloneId), signal });
  if (root === undefined || isLeaving(root.record))
    throw new AppError('clone.not_ready', { cloneId, status: root?.record.status ?? 'expired' });
}

async function awaitReady(parts: Parts, cloneId: string, signal: AbortSignal): Promise<void> {
  const { cluster, options } = parts;
  if ((await cluster.read({ kind: 'ConfigMap', name: cloneId }, signal)) === undefined)
    throw new AppError('clone.not_found', { cloneId });
  await awaitPod(cluster, cloneId, { signal, limitMs: options.readySeconds * 1000 });
  await awaitAgent(agentUrlOf(parts, cloneId), { signal, limitMs: AGENT_MS });
}

async function openClone(parts: Parts, cloneId: string): Promise<CloneHandle | undefined> {
  const { cluster, databases } = parts;
  const root = await readRoot(cluster, cloneId, { url: addressOf(parts, cloneId), signal: NEVER });
  const secrets = root && (await readSecrets(cluster, cloneId, NEVER));
  if (root === undefined || secrets === undefined) return undefined;
  const database = await databases.find(cloneId, NEVER);
  return database && toHandle(parts, { root, secrets, database });
}

/** The image lets visitors in when the clone is finished, until it expires: its door follows the record. */
async function updateClone(parts: Parts, cloneId: string, patch: Partial<CloneRecord>): Promise<CloneRecord | undefined> {
  const { cluster } = parts;
  const record = await updateRoot(cluster, cloneId, patch, { url: addressOf(parts, cloneId), signal: NEVER });
  if (record?.finishedAt === undefined) return record;
  const secrets = await readSecrets(cluster, cloneId, NEVER);
  if (secrets === undefined) return record;
  const agent = { url: agentUrlOf(parts, cloneId), pairingKey: secrets['pairing-key'] };
  if (isLeaving(record)) await closeDoor(agent);
  else await openDoor(agent, record.expiresAt);
  return record;
}

async function removeClone(parts: Parts, cloneId: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { cluster, databases, workloads } = parts;
  await updateRoot(cluster, cloneId, { status: 'expiring' }, { url: addressOf(parts, cloneId), signal });
  await workloads.remove(cloneId, signal);
  await databases.remove(cloneId, signal);
  // Gone at once, having nothing that belongs to it; to wait for it would need the right to list all Secrets.
  await cluster.remove({ kind: 'Secret', name: cloneId }, 'Background', signal);
  // What a slow worker has added meanwhile belongs to the root, and is collected.
  await removeAndWait(cluster, 'ConfigMap', cloneId, signal);
}

function toHandle(parts: Parts, clone: { root: CloneRoot; secrets: CloneSecrets; database: DatabaseAddress }): CloneHandle {
  const { root, secrets, database } = clone;
  const url = addressOf(parts, root.record.id);
  return {
    record: root.record,
    url,
    agentUrl: agentUrlOf(parts, root.record.id),
    pairingKey: secrets['pairing-key'],
    rootPath: SITE_ROOT,
    database: { ...database, password: secrets[DATABASE_PASSWORD_KEY] },
    credentials: { username: secrets.username, password: secrets.password, loginUrl: `${url}/wp-login.php` },
  };
}

function agentConfigOf({ pairingKey, rootPath, url, database }: CloneHandle, prefix: string): string {
  return renderAgentConfig({ pairingKey, root: rootPath, work: AGENT_WORK, url, database: { ...database, prefix } });
}

function addressOf({ options }: Pick<Parts, 'options'>, cloneId: string): string {
  return cloneAddress(options.clonesUrl, cloneId);
}

function agentUrlOf(parts: Parts, cloneId: string): string {
  const { agentBase, clonesNamespace } = parts.options;
  const base = agentBase.replaceAll('{service}', cloneId).replaceAll('{namespace}', clonesNamespace).replace(/\/+$/, '');
  const { pathname } = new URL(addressOf(parts, cloneId));
  return `${base}${pathname.replace(/\/$/, '')}/.wcr/agent`;
}
