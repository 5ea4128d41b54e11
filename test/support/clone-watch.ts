import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CLONE_QUEUE, EXPIRE_QUEUE, QUEUE_PREFIX, redisKeys } from '@wcr/shared/contracts/queues';
import { connectAsRoot } from '@wcr/stack/services/mariadb';
import { SAMPLE, type SampleSite } from '@wcr/stack/sites/sample-site';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { RowDataPacket } from 'mysql2/promise';
import { compareSites } from './compare-sites.ts';
import type { Difference } from './difference.ts';
import { type JobHistory, readHistory } from './job-history.ts';
import type { TestStack } from './test-stack.ts';

/** Looks at clones and their jobs from outside of the system. */
export type CloneWatch = AsyncDisposable & {
  historyOf(jobId: string): Promise<JobHistory>;
  /** Times and names of the jobs that will remove a clone. */
  expireJobsOf(cloneId: string): Promise<{ id: string; state: string }[]>;
  /** What a clone consists of: folders, schemas, database users. */
  partsOf(cloneId: string): Promise<{ folders: string[]; schemas: string[]; users: string[] }>;
  differences(cloneId: string): Promise<Difference[]>;
  /** Sources must be set up again after this. */
  forgetPairings(): Promise<void>;
};

export function watchClones(stack: TestStack, source: SampleSite): CloneWatch {
  const redis = new Redis(stack.redisUrl, { maxRetriesPerRequest: null });
  const [clones, expiries] = [CLONE_QUEUE, EXPIRE_QUEUE].map(
    (name) => new Queue(name, { prefix: QUEUE_PREFIX, connection: redis }),
  ) as [Queue, Queue];
  return {
    historyOf: (jobId) => readHistory(clones, jobId),
    async expireJobsOf(cloneId) {
      const jobs = await expiries.getJobs();
      const own = jobs.filter((job) => (job.data as { cloneId?: string }).cloneId === cloneId);
      return Promise.all(own.map(async (job) => ({ id: job.id ?? '', state: await job.getState() })));
    },
    partsOf: (cloneId) => partsOf(stack, cloneId),
    differences: (cloneId) => differencesOf(stack, source, cloneId),
    async forgetPairings() {
      const keys = await redis.keys(redisKeys.pairing('*'));
      if (keys.length > 0) await redis.unlink(keys);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([clones.close(), expiries.close()]);
      redis.disconnect();
    },
  };
}

async function partsOf(stack: TestStack, cloneId: string) {
  const folders = readdirSync(stack.localDir, { withFileTypes: true }).flatMap(({ name }) =>
    name.includes(cloneId) ? [name] : [],
  );
  const mark = cloneId.replaceAll('-', '_');
  const connection = await connectAsRoot(stack.mariaDb);
  try {
    const names = async (sql: string) => {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      return rows.map((row) => String(row['name'])).filter((name) => name.includes(mark));
    };
    return {
      folders,
      schemas: await names('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA'),
      users: await names('SELECT User AS name FROM mysql.user'),
    };
  } finally {
    await connection.end();
  }
}

function differencesOf(stack: TestStack, source: SampleSite, cloneId: string): Promise<Difference[]> {
  const { prefix } = source;
  return compareSites(
    { url: source.url, dir: source.dir, prefix, db: { server: stack.mariaDb, database: source.database.name } },
    {
      url: `${stack.clonesUrl}/${cloneId}`,
      dir: join(stack.localDir, cloneId, 'site'),
      prefix,
      db: { server: stack.mariaDb, database: `wcr_${cloneId.replaceAll('-', '_')}` },
    },
    {
      isSiteTable: (name) => name.startsWith(prefix) && !SAMPLE.foreignTables.test(name) && !name.startsWith(`${prefix}wcr_`),
      foreign: source.addresses.foreign,
    },
  );
}
