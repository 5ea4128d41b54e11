import { readFile } from 'node:fs/promises';
import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import {
  type LocalClonePaths,
  type LocalOwnerFile,
  type LocalRecordFile,
  localClonePaths,
} from '@wcr/shared/contracts/local-clone';
import { cloneAddress } from '@wcr/shared/domain/clone-address';
import { CloneId } from '@wcr/shared/domain/clone-id';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Sealer } from '@wcr/shared/secrets/seal';
import { renderAgentConfig } from '../agent-config.ts';
import { type CloneDatabases, createCloneDatabases, databaseNameOf } from '../clone-database.ts';
import type { FileSink } from '../file-sink.types.ts';
import { isBeingMade, mergeRecord, orphanRecord } from '../merge-record.ts';
import type { CloneHandle, CloneSpec, Runtime } from '../runtime.types.ts';
import { createFolder, ensureFolders, listFolders, readFolder, readOwner, removeFolder, writeRecord } from './clone-folder.ts';
import { type CloneSecrets, ensureSecrets, readSecrets, resealSecrets } from './clone-secrets.ts';
import { canWriteDirectly, createLocalFileSink } from './file-sink/local-file-sink.ts';
import { endWriting } from './file-sink/writing-right.ts';
import { createGatewayClient, type GatewayClient } from './gateway-client.ts';
import type { LocalRuntimeConfig } from './local-runtime.config.ts';
import { createSystemUsers, type SystemUsers } from './system-user.ts';
import { readableBy, writeFileAtomically } from './write-file.ts';

const AGENT_LIMIT_MS = 60_000;

export type LocalRuntimeOptions = LocalRuntimeConfig & {
  readonly localDir: string;
  readonly databaseUrl: string;
  readonly clonesUrl: string;
  readonly sealer: Sealer;
  readonly clock: () => number;
  /** True when the process may give files to other users. */
  readonly isRoot: boolean;
};

type Parts = {
  readonly options: LocalRuntimeOptions;
  readonly databases: CloneDatabases;
  readonly users: SystemUsers | undefined;
  readonly gateway: GatewayClient;
  readonly databaseHost: string;
};

/**
 * Clones as folders and schemas of this machine, served by the gateway. The record file decides whether a clone exists;
 * it is made first and removed last, so that whatever exists is found by `list()`.
 */
export function createLocalRuntime(options: LocalRuntimeOptions): Runtime {
  const server = new URL(options.databaseUrl);
  const parts: Parts = {
    options,
    databases: createCloneDatabases(options.databaseUrl, clientHosts(server, options.databaseSocket)),
    users: options.isRoot ? createSystemUsers(options.localDir, options) : undefined,
    gateway: createGatewayClient(options.gatewayUrl, AGENT_LIMIT_MS),
    databaseHost: options.databaseSocket ? `localhost:${options.databaseSocket}` : `${server.hostname}:${server.port || 3306}`,
  };
  return {
    name: 'local',
    ensure: (spec, signal) => ensureClone(parts, spec, signal),
    awaitReady: (cloneId, signal) => awaitReady(parts, cloneId, signal),
    read: async (cloneId) => (isCloneId(cloneId) ? await readRecord(parts, cloneId) : undefined),
    open: async (cloneId) => (isCloneId(cloneId) ? await openClone(parts, cloneId) : undefined),
    async list() {
      const ids = await listFolders(options.localDir, options.clock());
      const records = await Promise.all(ids.map((id) => readRecord(parts, id)));
      return records.filter((record) => record !== undefined);
    },
    update: async (cloneId, patch) => (isCloneId(cloneId) ? await updateClone(parts, cloneId, patch) : undefined),
    ...(canWriteDirectly && { openFiles: async (cloneId, signal) => openFiles(parts, knownId(cloneId), signal) }),
    remove: async (cloneId, signal) => removeClone(parts, knownId(cloneId), signal),
    reseal: (cloneId) => resealSecrets(localClonePaths(options.localDir, knownId(cloneId)), cloneId, options.sealer),
    addressOf: (cloneId) => addressOf(parts, cloneId),
  };
}

function isCloneId(cloneId: string): boolean {
  return CloneId.safeParse(cloneId).success;
}

/** Ids become paths and names of schemas. @throws AppError `clone.not_found` for anything else. */
function knownId(cloneId: string): CloneId {
  if (!isCloneId(cloneId)) throw new AppError('clone.not_found', { cloneId });
  return cloneId;
}

async function ensureClone(parts: Parts, spec: CloneSpec, signal: AbortSignal): Promise<CloneHandle> {
  const { localDir, sealer } = parts.options;
  const id = knownId(spec.record.id);
  const paths = localClonePaths(localDir, id);
  return await parts.databases.withLock(id, async () => {
    signal.throwIfAborted();
    const record = await ensureRecord(parts, paths, spec.record);
    const owner = await ensureOwner(parts, paths, id);
    await ensureFolders(paths, owner);
    const secrets = await ensureSecrets(paths, { id, url: addressOf(parts, id) }, sealer);
    signal.throwIfAborted();
    const { databaseCharset: charset, databaseCollation: collation } = spec;
    await parts.databases.ensure({ cloneId: id, password: secrets.databasePassword, charset, collation });
    const handle = toHandle(parts, { paths, record, secrets });
    const config = renderAgentConfig({
      pairingKey: secrets.pairingKey,
      root: handle.rootPath,
      work: `${paths.agentWork}/`,
      url: handle.url,
      database: { ...handle.database, prefix: spec.tablePrefix },
    });
    await writeFileAtomically(paths.agentConfig, config, { mode: owner ? 0o640 : 0o600, owner: readableBy(owner) });
    return handle;
  });
}

/** @throws AppError `clone.not_ready` when the clone is being removed. */
async function ensureRecord(parts: Parts, paths: LocalClonePaths, wanted: CloneRecord): Promise<CloneRecord> {
  await createFolder(parts.options.localDir, wanted);
  const found = await readFolder(paths);
  if (found.kind !== 'record') {
    await writeRecord(paths, { format: 1, revision: 1, record: wanted });
    return wanted;
  }
  const { record } = found.file;
  if (record.status === 'expiring' || record.status === 'expired') {
    throw new AppError('clone.not_ready', { cloneId: record.id, status: record.status });
  }
  return record;
}

async function awaitReady(parts: Parts, cloneId: string, signal: AbortSignal): Promise<void> {
  const id = knownId(cloneId);
  if ((await readRecord(parts, id)) === undefined) throw new AppError('clone.not_found', { cloneId });
  await parts.gateway.awaitAgent(id, signal);
}

async function ensureOwner(parts: Parts, paths: LocalClonePaths, id: CloneId): Promise<LocalOwnerFile | undefined> {
  const owner = await parts.users?.claim(id);
  if (owner) await writeFileAtomically(paths.owner, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
  return owner;
}

async function readRecord(parts: Parts, id: CloneId): Promise<CloneRecord | undefined> {
  const found = await readFolder(localClonePaths(parts.options.localDir, id));
  if (found.kind === 'none') return undefined;
  return found.kind === 'record' ? found.file.record : orphanRecord(id, addressOf(parts, id), found.changedAt);
}

async function openClone(parts: Parts, id: CloneId): Promise<CloneHandle | undefined> {
  const paths = localClonePaths(parts.options.localDir, id);
  const found = await readFolder(paths);
  if (found.kind !== 'record') return undefined;
  const secrets = await readSecrets(paths, id, parts.options.sealer);
  return secrets && toHandle(parts, { paths, record: found.file.record, secrets });
}

async function updateClone(parts: Parts, id: CloneId, patch: Partial<CloneRecord>): Promise<CloneRecord | undefined> {
  const paths = localClonePaths(parts.options.localDir, id);
  if ((await readFolder(paths)).kind !== 'record') return undefined;
  return await parts.databases.withLock(id, () => mergeIntoRecord(paths, patch));
}

/** Under the lock, so that a clone cannot become finished meanwhile. */
async function openFiles(parts: Parts, id: CloneId, signal: AbortSignal): Promise<FileSink | undefined> {
  const paths = localClonePaths(parts.options.localDir, id);
  return await parts.databases.withLock(id, async () => {
    const found = await readFolder(paths);
    const owner = await readOwner(paths);
    // Who was frozen until now must not take it from who has gone on; its heartbeat was heard before the lock's answer.
    signal.throwIfAborted();
    if (found.kind !== 'record' || !isBeingMade(found.file.record)) {
      throw new AppError('runtime.failed', { reason: 'the clone is gone or finished' });
    }
    // A clone that another kind of worker has made: its agent can write as the right user, this process cannot.
    if (parts.options.isRoot !== (owner !== undefined)) return undefined;
    return createLocalFileSink(paths, owner, signal);
  });
}

async function mergeIntoRecord(paths: LocalClonePaths, patch: Partial<CloneRecord>): Promise<CloneRecord | undefined> {
  const found = await readFolder(paths);
  if (found.kind !== 'record') return undefined;
  const record = mergeRecord(found.file.record, patch);
  if (!isBeingMade(record)) await endWriting(paths);
  const next: LocalRecordFile = { format: 1, revision: found.file.revision + 1, record };
  await writeRecord(paths, next);
  return record;
}

async function removeClone(parts: Parts, id: CloneId, signal: AbortSignal): Promise<void> {
  const { localDir } = parts.options;
  const paths = localClonePaths(localDir, id);
  await parts.databases.withLock(id, async () => {
    await mergeIntoRecord(paths, { status: 'expiring' });
    await endWriting(paths);
    const isGatewayUp = await parts.gateway.confirmStopped(id, signal);
    if (!isGatewayUp) await assertNoPhp(paths);
    signal.throwIfAborted();
    await parts.databases.remove(id);
    await parts.users?.release(id);
    await removeFolder(localDir, id);
  });
}

/** PHP ends with its gateway; where it could not, the gateway must come back and end it before its files go. */
async function assertNoPhp(paths: LocalClonePaths): Promise<void> {
  const pid = Number.parseInt(await readFile(paths.phpPid, 'utf8').catch(() => ''), 10);
  if (pid > 1 && isAlive(pid)) throw new AppError('runtime.gateway_unreachable');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function toHandle(parts: Parts, clone: { paths: LocalClonePaths; record: CloneRecord; secrets: CloneSecrets }): CloneHandle {
  const { record, secrets } = clone;
  const name = databaseNameOf(record.id);
  return {
    record,
    url: addressOf(parts, record.id),
    agentUrl: parts.gateway.agentUrlOf(record.id),
    pairingKey: secrets.pairingKey,
    rootPath: `${clone.paths.site}/`,
    database: { host: parts.databaseHost, name, user: name, password: secrets.databasePassword },
    credentials: secrets.credentials,
  };
}

function addressOf(parts: Parts, cloneId: string): string {
  return cloneAddress(parts.options.clonesUrl, cloneId);
}

/** From where the server sees clones coming. */
function clientHosts(server: URL, socket: string | undefined): string[] {
  if (socket !== undefined) return ['localhost'];
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(server.hostname);
  return isHere ? ['localhost', '127.0.0.1', '::1'] : ['%'];
}
