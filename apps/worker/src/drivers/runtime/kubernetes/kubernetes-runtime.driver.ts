import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { cloneAddress } from '@wcr/shared/domain/clone-address';
import { CloneId } from '@wcr/shared/domain/clone-id';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Cluster, OwnerReference } from '../../cluster/cluster.types.ts';
import { renderAgentConfig } from '../agent-config.ts';
import { awaitAgent } from '../await-agent.ts';
import type { CloneHandle, CloneSpec, Runtime } from '../runtime.types.ts';
import { AGENT_WORK, SITE_ROOT } from './clone-image.ts';
import { assertStays, type CloneRoot, ensureRoot, isLeaving, listRoots, readRoot, updateRoot } from './clone-root.ts';
import { type CloneSecrets, DATABASE_PASSWORD_KEY, ensureSecrets, readSecrets, writeAgentConfig } from './clone-secret.ts';
import { createDatabaseProvider, type DatabaseAddress, type DatabaseProvider } from './databases.ts';
import type { KubernetesRuntimeConfig } from './kubernetes-runtime.config.ts';
import { closeDoor, openDoor } from './visitors-door.ts';
import { chooseTarget } from './warm/choose-target.ts';
import { removeTarget, type WarmParts } from './warm/make-target.ts';
import { awaitServed, tellIdentity } from './warm/tell-identity.ts';
import { createWarmPool } from './warm/warm-pool.ts';
import { listClaimedBy } from './warm/warm-target.ts';
import { awaitPod, createWorkloadMaker, removeAndWait, type WorkloadMaker } from './workload.ts';

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
  /** Undefined where nothing can be made ahead. */
  readonly warm: WarmParts | undefined;
};

/**
 * Clones as objects of a cluster. A ConfigMap stands for each (clone-root.ts): it decides whether the clone exists, and owns
 * everything else, so that whatever a killed worker leaves is found by `list()`, and what it makes afterwards is collected.
 * @throws Error when something is not configured
 */
export function createKubernetesRuntime(options: KubernetesRuntimeOptions): Runtime {
  const { cluster, cloneImage } = options;
  if (cloneImage === undefined) throw new Error('WCR_KUBERNETES_IMAGE must be set.');
  const databases = createDatabaseProvider(cluster, options);
  const settings = { ...options, cloneImage };
  const warm = canBeWarm(options) ? { cluster, databases, settings } : undefined;
  if (!warm && options.poolMax > 0) throw new Error('WCR_KUBERNETES_POOL_MAX must be 0 with kro or dedicated databases.');
  const parts: Parts = { cluster, databases, warm, options: settings, workloads: createWorkloadMaker(cluster, options) };
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
    ...(warm && { pool: createWarmPool(warm) }),
  };
}

/** kro makes a clone's objects all at once; a database of its own costs too much to wait unused. */
function canBeWarm({ provisioning, cloneDatabase }: KubernetesRuntimeOptions): boolean {
  return provisioning === 'manifests' && cloneDatabase !== 'dedicated';
}

const NEVER = new AbortController().signal;

async function ensureClone(parts: Parts, spec: CloneSpec, signal: AbortSignal): Promise<CloneHandle> {
  signal.throwIfAborted();
  const cloneId = CloneId.parse(spec.record.id);
  const root = await ensureRoot(parts.cluster, spec.record, signal);
  const target = parts.warm ? await chooseTarget(parts.warm, root, signal) : root.owner;
  const made = { spec, root, target };
  return target.name === cloneId ? await makeOwn(parts, made, signal) : await takeWarm(parts, made, signal);
}

type Made = { readonly spec: CloneSpec; readonly root: CloneRoot; readonly target: OwnerReference };

async function makeOwn(parts: Parts, made: Made, signal: AbortSignal): Promise<CloneHandle> {
  const { cluster, databases, workloads } = parts;
  const { owner, record } = made.root;
  const secrets = await ensureSecrets(cluster, owner, signal);
  const known = databases.addressOf(owner.name);
  // kro brings a dedicated database; everything else needs to know where it is.
  const isBrought = parts.options.provisioning === 'kro' && known === undefined;
  const workload = { owner, url: addressOf(parts, owner.name), settings: parts.options, expiresAt: record.expiresAt };
  if (isBrought) await workloads.ensure({ ...workload, database: undefined }, signal);
  const database = await ensureDatabase(parts, made, { secrets, signal });
  const handle = toHandle(parts, { root: made.root, secrets, database });
  await writeAgentConfig(cluster, owner.name, agentConfigOf(handle, made.spec.tablePrefix), signal);
  if (!isBrought) await workloads.ensure({ ...workload, database }, signal);
  return handle;
}

/** What was made ahead gets a way to it, and is told whose clone it is. */
async function takeWarm(parts: Parts, made: Made, signal: AbortSignal): Promise<CloneHandle> {
  const { root, target, spec } = made;
  const { owner, record } = root;
  const secrets = await readSecrets(parts.cluster, target.name, signal);
  if (secrets === undefined) throw new AppError('runtime.failed', { reason: `the Secret of ${target.name} went away` });
  const database = await ensureDatabase(parts, made, { secrets, signal });
  const handle = toHandle(parts, { root, secrets, database });
  const way = { owner, url: handle.url, settings: parts.options, target: target.name };
  await parts.workloads.ensure({ ...way, expiresAt: record.expiresAt, database }, signal);
  const agent = { url: handle.agentUrl, pairingKey: handle.pairingKey };
  const identity = { cloneId: owner.name, url: handle.url, tablePrefix: spec.tablePrefix };
  await tellIdentity(agent, identity, { signal, limitMs: AGENT_MS });
  return handle;
}

async function ensureDatabase(
  parts: Parts,
  { spec, root, target }: Made,
  { secrets, signal }: { secrets: CloneSecrets; signal: AbortSignal },
): Promise<DatabaseAddress> {
  const { databaseCharset: charset, databaseCollation: collation } = spec;
  const assertWanted = () => assertNotLeaving(parts, root.record.id, signal);
  const password = secrets[DATABASE_PASSWORD_KEY];
  return await parts.databases.ensure({ owner: target, password, charset, collation, assertWanted }, signal);
}

async function assertNotLeaving(parts: Parts, cloneId: string, signal: AbortSignal): Promise<void> {
  assertStays(await readRoot(parts.cluster, cloneId, { url: addressOf(parts, cloneId), signal }), cloneId);
}

async function awaitReady(parts: Parts, cloneId: string, signal: AbortSignal): Promise<void> {
  const { cluster, options } = parts;
  const root = await readRoot(cluster, cloneId, { url: addressOf(parts, cloneId), signal });
  if (root === undefined) throw new AppError('clone.not_found', { cloneId });
  await awaitPod(cluster, targetOf(root), { signal, limitMs: options.readySeconds * 1000 });
  await awaitAgent(agentUrlOf(parts, cloneId), { signal, limitMs: AGENT_MS });
}

async function openClone(parts: Parts, cloneId: string): Promise<CloneHandle | undefined> {
  const { cluster, databases } = parts;
  const root = await readRoot(cluster, cloneId, { url: addressOf(parts, cloneId), signal: NEVER });
  const secrets = root && (await readSecrets(cluster, targetOf(root), NEVER));
  if (root === undefined || secrets === undefined) return undefined;
  const database = await databases.find(targetOf(root), NEVER);
  return database && toHandle(parts, { root, secrets, database });
}

/** The image lets visitors in when the clone is finished, until it expires: its door follows the record. */
async function updateClone(parts: Parts, cloneId: string, patch: Partial<CloneRecord>): Promise<CloneRecord | undefined> {
  const { cluster } = parts;
  const root = await updateRoot(cluster, cloneId, patch, { url: addressOf(parts, cloneId), signal: NEVER });
  if (root?.record.finishedAt === undefined) return root?.record;
  const { record } = root;
  const secrets = await readSecrets(cluster, targetOf(root), NEVER);
  if (secrets === undefined) return record;
  const agent = { url: agentUrlOf(parts, cloneId), pairingKey: secrets['pairing-key'] };
  if (isLeaving(record)) {
    await closeDoor(agent);
    return record;
  }
  // The agent of a warm target answers while its web server still becomes the clone's; a visitor must not come before.
  if (targetOf(root) !== cloneId) await awaitServed(agent.url, cloneId, { signal: NEVER, limitMs: AGENT_MS });
  await openDoor(agent, record.expiresAt);
  return record;
}

async function removeClone(parts: Parts, cloneId: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { cluster, databases, workloads, warm } = parts;
  await updateRoot(cluster, cloneId, { status: 'expiring' }, { url: addressOf(parts, cloneId), signal });
  await workloads.remove(cloneId, signal);
  if (warm) {
    const claimed = await listClaimedBy(cluster, cloneId, signal);
    await Promise.all(claimed.map(({ name }) => removeTarget(warm, name, signal)));
  }
  await databases.remove(cloneId, signal);
  // Gone at once, having nothing that belongs to it; to wait for it would need the right to list all Secrets.
  await cluster.remove({ kind: 'Secret', name: cloneId }, 'Background', signal);
  // What a slow worker has added meanwhile belongs to the root, and is collected.
  await removeAndWait(cluster, 'ConfigMap', cloneId, signal);
}

/** Name of what serves a clone: its Secret, its database and its pod are called so. */
function targetOf({ target, owner }: CloneRoot): string {
  return target ?? owner.name;
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
    credentials: {
      username: secrets.username,
      password: secrets.password,
      loginUrl: `${url}/wp-login.php`,
      ...(secrets['login-secret'] === undefined ? {} : { loginSecret: secrets['login-secret'] }),
    },
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
