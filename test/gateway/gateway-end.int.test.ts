import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { localClonePaths } from '@wcr/shared/contracts/local-clone';
import { startProcess } from '@wcr/stack/services/process';
import type { CloneHandle } from '@wcr/worker/drivers/runtime/runtime.types';
import { describe, expect, it } from 'vitest';
import { asOwnerOf, isAlive, masterOf, ownerOf, TELL_MASTER } from '../support/clone-php.ts';
import { GATEWAY_MAIN, type LocalGateway, phpProcessesOf, startLocalGateway } from '../support/local-gateway.ts';

const SITE = { 'index.php': TELL_MASTER };
const isRoot = process.getuid?.() === 0;

describe('a gateway that ends', () => {
  it('by SIGKILL takes its PHP along, and serves again when it is back', async () => {
    await using second = await startLocalGateway();
    const served = await second.makeClone(SITE);
    const master = await masterOf(served);
    second.process().kill('SIGKILL');
    await expect.poll(() => phpProcessesOf(second, served.record.id), { timeout: 20_000 }).toEqual([]);
    await second.start();
    expect(await masterOf(served)).not.toBe(master);
  });

  it('has what it left behind ended by its successor, and nothing else', async () => {
    await using second = await startLocalGateway();
    const [left, recycled] = [await second.makeClone(SITE), await second.makeClone(SITE)];
    await second.process().stop();
    const bystander = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    const orphan = startOrphanFpm(second, left);
    await expect.poll(() => existsSync(orphan.socket), { timeout: 20_000 }).toBe(true);
    writeFileSync(localClonePaths(second.localDir, recycled.record.id).phpPid, `${bystander.pid}\n`);
    await second.start();
    expect(isAlive(orphan.pid)).toBe(false);
    expect(isAlive(bystander.pid ?? 0)).toBe(true);
    bystander.kill();
    await once(bystander, 'exit');
  });

  it('leaves no sockets, and does not let a second one serve the same clones', async () => {
    await using second = await startLocalGateway();
    const served = await second.makeClone(SITE);
    const master = await masterOf(served);
    const twin = startProcess({
      command: process.execPath,
      args: [GATEWAY_MAIN],
      logFile: join(second.localDir, '..', 'twin.log'),
      isReady: async () => false,
      env: { WCR_CLONES_URL: second.url, WCR_LOCAL_DIR: second.localDir, WCR_RUN_DIR: second.runDir, WCR_GATEWAY_PORT: '0' },
    });
    await expect(twin).rejects.toThrow(/another gateway uses/);
    expect(await masterOf(served)).toBe(master);
    second.process().kill('SIGKILL');
    await expect.poll(() => phpProcessesOf(second, served.record.id), { timeout: 20_000 }).toEqual([]);
    await second.start();
    expect(readdirSync(second.runDir).sort()).toEqual(['agent', 'gateway']);
  });

  it('asked to stop, stops all PHP first', async () => {
    await using second = await startLocalGateway();
    const served = await second.makeClone(SITE);
    const master = await masterOf(served);
    await second.process().stop();
    expect(isAlive(master)).toBe(false);
    expect(phpProcessesOf(second, served.record.id)).toEqual([]);
    expect(existsSync(localClonePaths(second.localDir, served.record.id).phpPid)).toBe(false);
    await second.start();
  });
});

/** A php-fpm nobody watches, as a gateway without parent-death signals would leave one. */
function startOrphanFpm(of: LocalGateway, on: CloneHandle): { pid: number; socket: string } {
  const { logs, phpPid } = localClonePaths(of.localDir, on.record.id);
  const dir = join(of.runDir, 'orphan');
  mkdirSync(dir);
  const socket = join(dir, 's');
  const config = join(dir, 'fpm.conf');
  writeFileSync(
    config,
    `[global]\nerror_log = ${logs}/orphan.log\n[orphan]\nlisten = ${socket}\npm = static\npm.max_children = 2\n`,
  );
  const fpm = ['php-fpm8.2', '--nodaemonize', '--fpm-config', config];
  const command = isRoot ? [...asOwnerOf(of, on), ...fpm] : fpm;
  if (isRoot) execFileSync('chown', ['-R', `${ownerOf(of, on).uid}`, dir]);
  const child = spawn(command[0] ?? '', command.slice(1), { detached: true, stdio: 'ignore' });
  child.unref();
  writeFileSync(phpPid, `${child.pid}\n`);
  return { pid: child.pid ?? 0, socket };
}
