import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { createDatabase, type Database, type DatabaseOptions } from '../services/mariadb.ts';
import type {} from './global-setup.ts';
import type { SharedMariaDb, SharedRedis } from './service-broker.ts';

/** The run's Redis. Each call names another numbered database in `url`, empty and nobody else's. */
export function useRedis(): Promise<SharedRedis> {
  return ask<SharedRedis>('/redis');
}

/** The run's MariaDB. `createDatabase()` without a name makes one nobody else has. */
export async function useMariaDb(): Promise<
  SharedMariaDb & { createDatabase(options?: Partial<DatabaseOptions>): Promise<Database> }
> {
  const address = await ask<SharedMariaDb>('/mariadb');
  return {
    ...address,
    createDatabase: (options = {}) => createDatabase(address, { name: `test_${randomBytes(6).toString('hex')}`, ...options }),
  };
}

async function ask<T>(path: string): Promise<T> {
  const answer = await fetch(`${inject('serviceBroker')}${path}`);
  if (!answer.ok) throw new Error(`The shared service did not start: ${await answer.text()}`);
  return (await answer.json()) as T;
}
