import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@wcr/stack/testing/temporary-folder';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import { agentConfigOf } from '../support/kubernetes/clone-pod-scene.ts';
import { probeHttpGet } from '../support/kubernetes/pod-runner/await-http-get.ts';
import { runClonePod } from '../support/kubernetes/pod-runner/run-clone-pod.ts';
import {
  canRunContainers,
  choosePodIp,
  type RunningContainer,
  runContainer,
} from '../support/kubernetes/pod-runner/run-container.ts';

const POLL = { timeout: 60_000, interval: 100 };
const DATABASE = { name: 'wcr_clone_1', user: 'clone_1', password: "it's a \\ secret" };
const MARIADB_ENV = {
  MARIADB_DATABASE: DATABASE.name,
  MARIADB_USER: DATABASE.user,
  MARIADB_PASSWORD: DATABASE.password,
  MARIADB_RANDOM_ROOT_PASSWORD: '1',
};

describe.skipIf(!canRunContainers)('containers without a container engine', () => {
  it('a clone is ready as soon as the database beside it is, which keeps its data over a restart', async () => {
    const dir = temporaryFolder();
    const data = join(dir, 'data');
    mkdirSync(data);
    const podIp = choosePodIp();
    const startDatabase = (): Promise<RunningContainer> =>
      runContainer({
        image: 'docker.io/library/mariadb:10.11',
        podIp,
        env: MARIADB_ENV,
        mounts: [{ path: '/var/lib/mysql', folder: data }],
      });
    const agentConfig = agentConfigOf({ pairingKey: 'k', url: 'http://x', database: { ...DATABASE, host: podIp, port: 3306 } });
    await using clone = await runClonePod({ podIp, env: { WCR_CLONE_ID: 'clone-20260101-000000-abcd' }, agentConfig });
    await expect.poll(() => probeHttpGet({ url: `${clone.url}/healthz` }), POLL).toBe(true);
    expect(await probeHttpGet({ url: `${clone.url}/readyz`, timeoutMs: 10_000 })).toBe(false);
    const first = await startDatabase();
    await clone.ready();
    await query(podIp, 'CREATE TABLE kept (id int)');
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    await using _second = await startDatabase();
    await clone.ready();
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
