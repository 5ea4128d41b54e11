import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { expect, it } from 'vitest';
import { useMariaDb, useRedis } from './services.ts';

it('two users of the run’s Redis do not see each other', async () => {
  const [one, two] = await Promise.all([useRedis(), useRedis()]);
  const [clientOne, clientTwo] = [new Redis(one.url), new Redis(two.url)];
  await clientOne.set('key', 'value');
  expect(await clientTwo.get('key')).toBeNull();
  clientOne.disconnect();
  clientTwo.disconnect();
});

it('two users of the run’s MariaDB get databases of their own', async () => {
  const mariaDb = await useMariaDb();
  const [one, two] = [await mariaDb.createDatabase(), await mariaDb.createDatabase()];
  const { host, port } = mariaDb;
  const connection = await createConnection({ host, port, user: one.user, password: one.password, database: one.name });
  await expect(connection.query(`USE ${two.name}`)).rejects.toThrow(/denied/);
  await connection.end();
});
