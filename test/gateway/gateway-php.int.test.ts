import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { probeIsolation } from '@wcr/gateway/php/isolation';
import { localClonePaths } from '@wcr/shared/contracts/local-clone';
import type { CloneHandle } from '@wcr/worker/drivers/runtime/runtime.types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asOwnerOf, isAlive, masterOf, ownerOf, TELL_MASTER } from '../support/clone-php.ts';
import { type LocalGateway, phpProcessesOf, startLocalGateway } from '../support/local-gateway.ts';

const MIB = 1024 * 1024;
const LARGE_BYTES = 300 * MIB;
const signal = new AbortController().signal;
const isRoot = process.getuid?.() === 0;

const SITE = {
  'index.php': TELL_MASTER,
  'upload.php': `<?php
    $in = fopen('php://input', 'rb'); $bytes = 0; $hash = hash_init('crc32b');
    while (!feof($in)) { $part = fread($in, 65536); $bytes += strlen($part); hash_update($hash, $part); }
    echo json_encode(array($bytes, hash_final($hash), memory_get_peak_usage() < 33554432));`,
  'download.php': `<?php set_time_limit(0); $part = str_repeat('x', ${MIB});
    for ($i = 0; $i < ${LARGE_BYTES / MIB}; $i++) { echo $part; }`,
  'run.php': '<?php echo json_encode(eval(file_get_contents("php://input")));',
  'slow.php':
    '<?php touch(__DIR__ . "/started"); echo str_repeat("x", 100000); flush(); while (true) { echo "y"; flush(); usleep(1000); }',
};

let gateway: LocalGateway;
let clone: CloneHandle;
beforeAll(async () => {
  gateway = await startLocalGateway();
  clone = await gateway.makeClone(SITE);
});
afterAll(() => gateway?.[Symbol.asyncDispose]());

/** Runs PHP code in a clone and answers what it returns. */
async function runPhp(on: CloneHandle, code: string): Promise<unknown> {
  const answer = await fetch(`${on.url}/run.php`, { method: 'POST', body: code, headers: { 'Content-Type': 'text/x-php' } });
  return JSON.parse(await answer.text());
}

/** The most memory the process ever had, in bytes. */
function peakMemory(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

describe('bodies', () => {
  it('stream through in both directions, whatever their size', async () => {
    const { pid } = gateway.process();
    await masterOf(clone);
    const before = peakMemory(pid);
    const part = Buffer.alloc(MIB, 'x');
    const { port } = new URL(gateway.url);
    const uploaded = await new Promise<unknown>((resolve, reject) => {
      const upload = httpRequest(
        {
          host: '127.0.0.1',
          port,
          path: `/${clone.record.id}/upload.php`,
          method: 'PUT',
          headers: { 'Content-Length': LARGE_BYTES },
        },
        (response) => {
          response.toArray().then((parts) => resolve(JSON.parse(Buffer.concat(parts).toString())), reject);
        },
      );
      upload.on('error', reject);
      Readable.from(Array.from({ length: LARGE_BYTES / MIB }, () => part)).pipe(upload);
    });
    const crc = execFileSync('php', [
      '-r',
      `echo hash('crc32b', str_repeat('x', ${LARGE_BYTES}));`,
      '-d',
      'memory_limit=-1',
    ]).toString();
    expect(uploaded).toEqual([LARGE_BYTES, crc, true]);

    const download = await fetch(`${clone.url}/download.php`);
    let received = 0;
    for await (const chunk of download.body ?? []) {
      // A slow start: nothing may pile up in the gateway meanwhile.
      if (received === 0) await delay(300);
      received += chunk.length;
    }
    expect(received).toBe(LARGE_BYTES);
    expect(peakMemory(pid) - before).toBeLessThan(100 * MIB);
  });

  it('end the script when the visitor leaves', async () => {
    const left = new AbortController();
    const answer = await fetch(`${clone.url}/slow.php`, { signal: left.signal });
    expect(answer.status).toBe(200);
    expect(busyChildren(clone)).toBe(1);
    left.abort();
    await expect.poll(() => busyChildren(clone), { timeout: 20_000 }).toBe(0);
  });
});

/** Children of a clone's PHP that are running a script: they hold a connection besides the socket they listen on. */
function busyChildren(on: CloneHandle): number {
  return phpProcessesOf(gateway, on.record.id).filter((pid) => {
    const sockets = execFileSync('sh', ['-c', `ls -l /proc/${pid}/fd 2>/dev/null | grep -c socket || true`]).toString();
    return /pool/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')) && Number(sockets) > 1;
  }).length;
}

describe('the PHP of a clone', () => {
  it('is started once by fifty first requests at once', async () => {
    const fresh = await gateway.makeClone(SITE);
    const masters = await Promise.all(Array.from({ length: 50 }, () => masterOf(fresh)));
    expect(new Set(masters).size).toBe(1);
    const { phpPid } = localClonePaths(gateway.localDir, fresh.record.id);
    expect(Number(readFileSync(phpPid, 'utf8'))).toBe(masters[0]);
  });

  it('comes back when its master was killed, and leaves no children behind', async () => {
    const master = await masterOf(clone);
    const family = phpProcessesOf(gateway, clone.record.id);
    expect(family.length).toBeGreaterThan(1);
    process.kill(master, 'SIGKILL');
    await expect.poll(() => masterOf(clone), { timeout: 20_000 }).toSatisfy((now: number) => now > 1 && now !== master);
    for (const pid of family) expect(isAlive(pid)).toBe(false);
  });

  it('ends when the clone begins to expire, and visitors get a page', async () => {
    const short = await gateway.makeClone(SITE);
    await masterOf(short);
    await gateway.runtime.update(short.record.id, { status: 'expiring' });
    expect((await fetch(`${short.url}/`)).status).toBe(404);
    expect((await fetch(short.agentUrl, { method: 'POST' })).status).toBe(404);
    await expect.poll(() => phpProcessesOf(gateway, short.record.id), { timeout: 20_000 }).toEqual([]);
  });

  it('ends when the clone’s time is up', async () => {
    const short = await gateway.makeClone(SITE);
    await masterOf(short);
    await gateway.runtime.update(short.record.id, { expiresAt: Date.now() });
    await expect.poll(() => phpProcessesOf(gateway, short.record.id), { timeout: 20_000 }).toEqual([]);
  });

  it('ends when nobody uses it, and starts again for the next visitor', async () => {
    await using idle = await startLocalGateway({ WCR_GATEWAY_IDLE_SECONDS: '1' });
    const seldom = await idle.makeClone(SITE);
    const first = await masterOf(seldom);
    await expect.poll(() => phpProcessesOf(idle, seldom.record.id), { timeout: 20_000 }).toEqual([]);
    // A process that ends has no command line for a while before it is dead.
    await expect.poll(() => isAlive(first), { timeout: 20_000 }).toBe(false);
    expect(await masterOf(seldom)).toBeGreaterThan(0);
  });
});

describe('isolation', () => {
  let other: CloneHandle;
  beforeAll(async () => {
    other = await gateway.makeClone({ ...SITE, 'wp-config.php': '<?php // the other clone’s secret' });
  });

  it('a clone has no network, neither to the gateway nor to itself, where the system can do that', async () => {
    const { network } = await probeIsolation({ isRoot, wantsNetwork: true });
    const isCutOff = network !== undefined;
    const { port } = new URL(gateway.url);
    for (const [host, at] of [
      ['127.0.0.1', port],
      ['127.0.0.1', gateway.database.port],
      ['192.0.2.1', 80],
      ['localhost', port],
    ]) {
      const isOpenElsewhere = host !== '192.0.2.1';
      const opens = await runPhp(clone, `return @fsockopen('${host}', ${at}, $no, $text, 2) !== false;`);
      expect(opens).toBe(!isCutOff && isOpenElsewhere);
    }
    const answer = await runPhp(clone, `return @file_get_contents('${gateway.url}/.wcr/health');`);
    expect(answer === false).toBe(isCutOff);
  });

  it('mail is taken and goes nowhere', async () => {
    expect(await runPhp(clone, 'return mail("a@example.com", "subject", str_repeat("body ", 100000));')).toBe(true);
  });

  it('a clone runs as a user of its own, with no privileges and no programs', async () => {
    const uids = await Promise.all(
      [clone, other].map((one) => runPhp(one, 'return array(posix_geteuid(), posix_getegid(), umask());')),
    );
    const shared = { uid: process.getuid?.(), gid: process.getgid?.() };
    const owners = [clone, other].map((one) => (isRoot ? ownerOf(gateway, one) : shared));
    expect(uids).toEqual(owners.map(({ uid, gid }) => [uid, gid, 0o027]));
    expect(new Set(owners.map(({ uid }) => uid)).size).toBe(isRoot ? 2 : 1);
    const gone =
      'return array_filter(array("exec", "shell_exec", "proc_open", "popen", "system", "passthru"), "function_exists");';
    expect(await runPhp(clone, gone)).toEqual([]);
  });

  it('a clone reads neither files of other clones nor records, by PHP’s rules and by the system’s', async () => {
    const theirs = localClonePaths(gateway.localDir, other.record.id);
    const own = localClonePaths(gateway.localDir, clone.record.id);
    const wpConfig = join(theirs.site, 'wp-config.php');
    const paths = [wpConfig, theirs.agentConfig, theirs.record, theirs.secrets, own.record, own.secrets, '/etc/passwd'];
    for (const path of paths) expect(await runPhp(clone, `return @file_get_contents('${path}');`)).toBe(false);
    expect(await runPhp(clone, `return @scandir('${gateway.localDir}');`)).toBe(false);
    expect(await runPhp(clone, `return @unlink('${own.record}') || @rename('${own.site}', '${own.folder}/moved');`)).toBe(false);
  });

  it.runIf(isRoot)('the system itself keeps a clone’s user out of everything that is not its own', async () => {
    const theirs = localClonePaths(gateway.localDir, other.record.id);
    const own = localClonePaths(gateway.localDir, clone.record.id);
    const [program = '', ...args] = asOwnerOf(gateway, clone);
    const readAs = (path: string): string =>
      execFileSync(program, [...args, 'cat', path], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
    expect(readAs(join(own.site, 'index.php'))).toBe(SITE['index.php']);
    expect(readAs(own.agentConfig)).toContain(clone.pairingKey);
    const closed = [
      join(theirs.site, 'wp-config.php'),
      theirs.agentConfig,
      theirs.record,
      theirs.secrets,
      own.record,
      own.secrets,
    ];
    for (const path of closed) expect(() => readAs(path)).toThrow();
    expect(() => execFileSync(program, [...args, 'touch', own.agentConfig], { stdio: 'ignore' })).toThrow();
    expect(() => execFileSync(program, [...args, 'mv', own.site, join(own.folder, 'moved')], { stdio: 'ignore' })).toThrow();
  });

  it('a clone uses its own database over the socket, and no other', async () => {
    const connectAs = (database: CloneHandle['database'], name: string): string => `
      mysqli_report(MYSQLI_REPORT_OFF);
      list($host, $socket) = explode(':', '${database.host}');
      $db = @new mysqli($host, '${database.user}', '${database.password}', '${name}', 0, $socket);
      return $db->connect_errno ? 'refused' : count($db->query('SHOW DATABASES')->fetch_all());`;
    expect(await runPhp(clone, connectAs(clone.database, clone.database.name))).toBe(2);
    expect(await runPhp(clone, connectAs(clone.database, other.database.name))).toBe('refused');
    expect(await runPhp(clone, connectAs(clone.database, 'mysql'))).toBe('refused');
    expect(await runPhp(clone, connectAs({ ...other.database, password: 'guessed' }, other.database.name))).toBe('refused');
  });

  it('the settings hold what a clone may use', async () => {
    const names = [
      'memory_limit',
      'post_max_size',
      'upload_max_filesize',
      'max_execution_time',
      'opcache.enable',
      'cgi.fix_pathinfo',
    ];
    const values = await runPhp(clone, `return array_map('ini_get', array('${names.join("', '")}'));`);
    expect(values).toEqual(['256M', '128M', '128M', '60', '1', '0']);
    const tmp = await runPhp(
      clone,
      'return array(sys_get_temp_dir(), session_save_path(), session_start(), ini_get("upload_tmp_dir"));',
    );
    const { temp } = localClonePaths(gateway.localDir, clone.record.id);
    expect(tmp).toEqual([temp, temp, true, temp]);
  });
});

it('a removed clone is gone for the gateway at once', async () => {
  const short = await gateway.makeClone(SITE);
  await masterOf(short);
  await gateway.runtime.remove(short.record.id, signal);
  expect(phpProcessesOf(gateway, short.record.id)).toEqual([]);
  expect((await fetch(`${short.url}/`)).status).toBe(404);
});
