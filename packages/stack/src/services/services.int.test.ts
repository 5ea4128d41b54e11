import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { startMariaDb } from './mariadb.ts';
import { startPhpSite } from './php-site.ts';
import { isGroupAlive } from './process.ts';
import { startRedis } from './redis.ts';

const statusOf = async (url: string, headers: Record<string, string> = {}): Promise<number> => {
  const answer = await fetch(url, { headers });
  await answer.text();
  return answer.status;
};

describe('services', () => {
  it('Redis answers while it runs and leaves no process', async () => {
    const redis = await startRedis({ dir: temporaryFolder(), appendOnly: true });
    const client = new Redis(redis.url);
    expect(await client.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    client.disconnect();
    await redis.stop();
    expect(isGroupAlive(redis.pid)).toBe(false);
  });

  it('MariaDB lets a database’s user in by TCP and by socket, and nobody else', async () => {
    const mariadb = await startMariaDb({ dir: temporaryFolder() });
    const { name, user, password } = await mariadb.createDatabase({ name: 'shop_db', grants: ['SELECT', 'CREATE'] });
    for (const way of [{ host: mariadb.host, port: mariadb.port }, { socketPath: mariadb.socket }]) {
      const connection = await createConnection({ ...way, user, password, database: name });
      await expect(connection.query('SELECT 1 AS one')).resolves.toMatchObject([[{ one: 1 }], expect.anything()]);
      await expect(connection.query('CREATE DATABASE other')).rejects.toThrow(/denied/);
      await connection.end();
    }
    await expect(createConnection({ host: mariadb.host, port: mariadb.port, user, password: 'wrong' })).rejects.toThrow();
    await mariadb.stop();
    expect(isGroupAlive(mariadb.pid)).toBe(false);
  });

  it('a PHP site serves scripts, files and pretty addresses below its prefix, behind Basic authentication', async () => {
    const dir = join(temporaryFolder(), 'site');
    mkdirSync(dir);
    writeFileSync(join(dir, 'index.php'), '<?php echo $_SERVER["REQUEST_URI"], " ", $_SERVER["SCRIPT_NAME"];');
    writeFileSync(join(dir, 'grüße 1.txt'), 'hello');
    const basicAuth = { username: 'me', password: 'pass' };
    const site = await startPhpSite({ dir, pathPrefix: '/blog', basicAuth });
    const headers = { Authorization: `Basic ${btoa('me:pass')}` };
    const read = async (path: string): Promise<string> => (await fetch(`${site.url}${path}`, { headers })).text();
    expect(await statusOf(`${site.url}/`)).toBe(401);
    expect(await read('/hello/world/?a=1')).toBe('/blog/hello/world/?a=1 /blog/index.php');
    expect(await read('/gr%C3%BC%C3%9Fe%201.txt')).toBe('hello');
    expect(await statusOf(`http://127.0.0.1:${site.port}/other`, headers)).toBe(404);
    await site.stop();
    expect(isGroupAlive(site.pid)).toBe(false);
  });
});
