import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { createCloneStore } from './clones/clone-store.ts';
import { type GatewayConfig, runDirOf } from './config/gateway-config.ts';
import type { GatewayDeps } from './gateway.ts';
import { type Isolation, probeIsolation } from './php/isolation.ts';
import { PhpPool } from './php/php-pool.ts';
import { startPhp } from './php/php-process.ts';
import {
  copyAgent,
  emptyRunDir,
  findClosedFolder,
  findPhpFpm,
  occupyRunDir,
  prepareLocalDir,
  prepareRunDir,
} from './php/prepare-run.ts';
import { stopStalePhp } from './php/stale-processes.ts';

/** What of the process the gateway needs besides its configuration. */
export type Surroundings = {
  readonly isRoot: boolean;
  readonly searchPath: string;
  readonly log: Logger;
  readonly clock: () => number;
};

/**
 * Builds everything the gateway consists of, and ends what a killed predecessor has left.
 * @throws Error when this machine cannot serve clones: no php-fpm, or folders the clones' users cannot reach.
 */
export async function createGatewayDeps(config: GatewayConfig, around: Surroundings): Promise<GatewayDeps> {
  const { log, clock, isRoot } = around;
  const runDir = runDirOf(config);
  await prepareLocalDir(config.localDir);
  await prepareRunDir(runDir);
  await occupyRunDir(runDir);
  const phpFpm = await findPhpFpm(config.phpFpm, around.searchPath);
  const isolation = await probeIsolation({ isRoot, wantsNetwork: config.databaseSocket !== undefined });
  reportIsolation(log, isolation);
  if (isolation.users) await assertReachable(config, runDir);
  const stale = await stopStalePhp(config.localDir);
  if (stale > 0) log.warn({ clones: stale }, 'stopped PHP that a former gateway left behind');
  await emptyRunDir(runDir);
  const agentScript = await copyAgent(config.agentScript, runDir);
  const clones = createCloneStore(config.localDir);
  const settings = { runDir, phpFpm, isolation, isRoot, agentDir: dirname(agentScript) };
  const start = (clone: Parameters<typeof startPhp>[1]) => startPhp(settings, clone);
  const pool = new PhpPool({ start, clones, clock, log, idleMs: config.idleSeconds * 1000 });
  return {
    clones,
    pool,
    agentScript,
    clock,
    log,
    publicUrl: new URL(config.clonesUrl),
    trustedProxies: new Set(config.trustedProxies),
    phpIdleMs: 310_000,
    spoolDir: runDir,
    sweepMs: config.sweepMs,
  };
}

function reportIsolation(log: Logger, isolation: Isolation): void {
  if (!isolation.network) log.warn('clones share this machine’s network: no network namespaces here, or no WCR_DATABASE_SOCKET');
  if (!isolation.users) log.warn('all clones run as one user: separate users need root and setpriv');
}

async function assertReachable(config: GatewayConfig, runDir: string): Promise<void> {
  for (const path of [config.localDir, runDir, ...(config.databaseSocket ? [dirname(config.databaseSocket)] : [])]) {
    const closed = await findClosedFolder(path);
    if (closed)
      throw new Error(`the clones’ users cannot pass through ${closed}, which they need for ${path}: chmod o+x ${closed}`);
  }
}
