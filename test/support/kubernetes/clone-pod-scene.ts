import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createCloneId } from '@wcr/shared/domain/clone-id';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Database } from '@wcr/stack/services/mariadb';
import type { AgentClient } from '@wcr/worker/drivers/agent/agent.types';
import { createAgentClient } from '@wcr/worker/drivers/agent/agent-client';
import { type BaseStore, createBaseStore } from '@wcr/worker/drivers/agent/base-store';
import { Patience } from '@wcr/worker/drivers/agent/patience';
import { SourceAgent } from '@wcr/worker/drivers/agent/source-agent';
import { TargetAgent } from '@wcr/worker/drivers/agent/target-agent';
import { renderAgentConfig, renderWaitingAgentConfig } from '@wcr/worker/drivers/runtime/agent-config';
import { AGENT_WORK, SITE_ROOT } from '@wcr/worker/drivers/runtime/kubernetes/clone-image';
import { IDENTITY_FILE, IDENTITY_PATTERN } from '@wcr/worker/drivers/runtime/kubernetes/warm/identity';
import { useMariaDb } from '../services.ts';
import { askHost, type HostRequest } from './ask-host.ts';
import { type ClonePodOptions, type RunningPod, runClonePod } from './pod-runner/run-clone-pod.ts';

/** Host of the clones, as a proxy in front of the router would be asked for it. */
export const CLONES_HOST = 'clones.example.com';

/** A clone's pod with a database on the run's MariaDB, as a worker would have made it. */
export type ClonePodScene = AsyncDisposable & {
  readonly id: string;
  readonly url: string;
  readonly prefix: string;
  readonly pod: RunningPod;
  readonly database: Database & { readonly host: string; readonly port: number };
  readonly pairingKey: string;
  readonly client: AgentClient;
  readonly target: TargetAgent;
  /** Asks the pod itself for a path below the clone. */
  get(path: string, request?: HostRequest): Promise<Response>;
  /** Opens (`open`, or an expiry in Unix seconds) or closes (`closed`) the clone for visitors. */
  admit(state: string): Promise<void>;
  writeSite(files: Readonly<Record<string, string>>): void;
};

const { signal } = new AbortController();

/** Starts a pod below a path of a host of all clones; or, with an empty `prefix`, on a host of its own. */
export async function startClonePod(options: Partial<ClonePodOptions> & { prefix?: string } = {}): Promise<ClonePodScene> {
  const id = createCloneId();
  const prefix = options.prefix ?? `/${id}`;
  const url = `https://${CLONES_HOST}${prefix}`;
  const pairingKey = randomBytes(32).toString('hex');
  const mariaDb = await useMariaDb();
  const database = { ...(await mariaDb.createDatabase()), host: mariaDb.host, port: mariaDb.port };
  const pod = await runClonePod({
    agentConfig: agentConfigOf({ pairingKey, url, database }),
    ...options,
    env: { WCR_CLONE_ID: id, WCR_CLONE_URL: url, ...options.env },
  });
  const base = pod.url + prefix;
  const client = createAgentClient({ url: `${base}/.wcr/agent`, transport: 'standalone', pairingKey });
  const store = createBaseStore(client, { patience, signal });
  return {
    ...{ id, url, prefix, pod, database, pairingKey, client },
    target: new TargetAgent(client, { session: randomBytes(6).toString('hex'), patience, signal }),
    get: (path, request) => askHost(`${base}/${path}`, request),
    admit: (state) => store.write({ name: 'visitors', offset: 0, data: Buffer.from(state) }),
    writeSite: (files) => writeFiles(pod.folders.site, files),
    [Symbol.asyncDispose]: () => pod[Symbol.asyncDispose](),
  };
}

/** A pod made ahead, with a database, as the pool has it. */
export type WaitingPodScene = AsyncDisposable & {
  readonly pod: RunningPod;
  /** The agent's files, asked for below a path. */
  store(path: string): BaseStore;
  /** The site as its agent sees it, asked below a path. */
  readFacts(path: string): Promise<{ readonly url: string; readonly prefix: string }>;
  /** Id of the clone it serves, or nothing. */
  served(): Promise<string | null>;
  writeSite(files: Readonly<Record<string, string>>): void;
};

/** Starts a pod that waits to be told whose clone it is, or goes on with what it was told before. */
export async function startWaitingPod(options: Pick<ClonePodOptions, 'folders'> = {}): Promise<WaitingPodScene> {
  const pairingKey = 'ab'.repeat(32);
  const mariaDb = await useMariaDb();
  const database = { ...(await mariaDb.createDatabase()), host: `${mariaDb.host}:${mariaDb.port}` };
  const identity = { file: IDENTITY_FILE, pattern: IDENTITY_PATTERN };
  const agentConfig = renderWaitingAgentConfig({ pairingKey, root: SITE_ROOT, work: AGENT_WORK, database, identity });
  const pod = await runClonePod({ agentConfig, ...options, env: { WCR_WARM: '1' } });
  const clientOf = (path: string): AgentClient =>
    createAgentClient({ url: `${pod.url}${path}/.wcr/agent`, transport: 'standalone', pairingKey });
  return {
    pod,
    store: (path) => createBaseStore(clientOf(path), { patience, signal }),
    async readFacts(path) {
      const facts = await new SourceAgent(clientOf(path), { patience, signal, compress: false }).facts();
      return { url: facts.wordpress.home, prefix: facts.database.prefix };
    },
    served: async () => (await fetch(`${pod.url}/readyz`)).headers.get('x-wcr-clone'),
    writeSite: (files) => writeFiles(pod.folders.site, files),
    [Symbol.asyncDispose]: () => pod[Symbol.asyncDispose](),
  };
}

/** The text of a clone's Secret. */
export function agentConfigOf(of: {
  readonly pairingKey: string;
  readonly url: string;
  /** Without a port `host` says it all, as `localhost:<socket>` does. */
  readonly database: Database & { readonly host: string; readonly port?: number };
}): string {
  const { host, port, ...database } = of.database;
  return renderAgentConfig({
    pairingKey: of.pairingKey,
    root: '/var/www/html/',
    work: '/run/wcr/agent/',
    url: of.url,
    database: { ...database, host: port === undefined ? host : `${host}:${port}`, prefix: 'wp_' },
  });
}

function patience(): Patience {
  const exhausted = (reason: string, cause: unknown) => new AppError('runtime.failed', { reason }, { cause });
  return new Patience({ totalMs: 30_000, signal, exhausted, log: () => undefined });
}

/** Gives a site, its links included, to the web server's user, as if the agent had written it. */
export function giveToServer(dir: string): void {
  execFileSync('chown', ['-hR', '33:33', dir]);
}

function writeFiles(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  giveToServer(dir);
}
