import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { temporaryFolder } from '@wcr/stack/testing/temporary-folder';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import { agentConfigOf } from '../support/kubernetes/clone-pod-scene.ts';
import { awaitHttpGet, probeHttpGet } from '../support/kubernetes/pod-runner/await-http-get.ts';
import { createPod } from '../support/kubernetes/pod-runner/create-pod.ts';
import { canRunContainers, choosePodIp, runContainer } from '../support/kubernetes/pod-runner/run-container.ts';

const POLL = { timeout: 60_000, interval: 100 };
const DATABASE = { name: 'wcr_clone_1', user: 'clone_1', password: "it's a \\ secret" };
const SOCKET = 'localhost:/run/mysqld/mysqld.sock';
const MARIADB_ENV = {
  MARIADB_DATABASE: DATABASE.name,
  MARIADB_USER: DATABASE.user,
  MARIADB_PASSWORD: DATABASE.password,
  MARIADB_RANDOM_ROOT_PASSWORD: '1',
};

describe.skipIf(!canRunContainers)('containers without a container engine', () => {
  it('a clone is ready as soon as the database beside it is, which keeps its data over a restart', async () => {
    const podIp = choosePodIp();
    const agentConfig = agentConfigOf({ pairingKey: 'k', url: 'http://x', database: { ...DATABASE, host: SOCKET } });
    await using pod = createPod({
      podIp,
      volumes: {
        secret: { files: { 'agent.php': agentConfig } },
        site: 'emptyDir',
        run: 'emptyDir',
        tmp: 'emptyDir',
        database: 'emptyDir',
      },
      containers: {
        clone: {
          image: 'registry.example.com:5000/wcr/wordpress-clone:1.2.3',
          env: { WCR_CLONE_ID: 'clone-20260101-000000-abcd' },
          mounts: {
            '/etc/wcr': 'secret',
            '/var/www/html': 'site',
            '/run/wcr': 'run',
            '/tmp': 'tmp/web',
            '/run/mysqld': 'database/run',
          },
        },
        database: {
          image: 'docker.io/library/mariadb:10.11',
          args: ['--bind-address=127.0.0.1', '--character-set-server=utf8mb4'],
          env: MARIADB_ENV,
          mounts: { '/var/lib/mysql': 'database/data', '/run/mysqld': 'database/run', '/tmp': 'tmp/database' },
        },
      },
    });
    const clone = { url: `http://${podIp}:8080` };
    const ready = (): Promise<void> => awaitHttpGet({ url: `${clone.url}/readyz`, timeoutMs: 10_000 });
    await pod.start('clone');
    await expect.poll(() => probeHttpGet({ url: `${clone.url}/healthz` }), POLL).toBe(true);
    expect(await probeHttpGet({ url: `${clone.url}/readyz`, timeoutMs: 10_000 })).toBe(false);
    const first = await pod.start('database');
    await ready();
    expect(await first.exec(['healthcheck.sh', '--connect', '--innodb_initialized'])).toBe(0);
    expect(await first.exec(['test', '-w', '/opt/mariadb'])).toBe(1);
    await query(podIp, 'CREATE TABLE kept (id int)');
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    await pod.start('database');
    await ready();
    expect(await query(podIp, 'SHOW TABLES')).toEqual([{ [`Tables_in_${DATABASE.name}`]: 'kept' }]);
  });

  it('a database that nobody can administer does not start', async () => {
    const dir = temporaryFolder();
    await using database = await runContainer({
      image: 'mariadb',
      podIp: choosePodIp(),
      mounts: [{ path: '/var/lib/mysql', folder: dir }],
    });
    expect(await database.exited).toEqual({ code: 1, signal: null });
    expect(database.logs()).toContain('MARIADB_RANDOM_ROOT_PASSWORD');
  });

  it('an image that nobody has described is refused', async () => {
    await expect(runContainer({ image: 'example/unknown:1', podIp: choosePodIp() })).rejects.toThrow(/no recipe/);
  });

  it('a pod ends with the process that has started it', async () => {
    const script = join(import.meta.dirname, '../support/kubernetes/pod-runner/pod-victim.ts');
    const env = { ...process.env, TMPDIR: temporaryFolder() };
    const parent = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [url] = (await once(parent.stdout, 'data')) as [Buffer];
    const isAlive = (): Promise<boolean> => probeHttpGet({ url: `${url}/healthz` });
    await expect.poll(isAlive, POLL).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(isAlive, POLL).toBe(false);
  });
});

async function query(host: string, sql: string): Promise<RowDataPacket[]> {
  const { name: database, user, password } = DATABASE;
  const connection = await createConnection({ host, port: 3306, user, password, database });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return rows;
  } finally {
    await connection.end();
  }
}
