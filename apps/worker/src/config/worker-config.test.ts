import { parseEnv } from '@wcr/shared/config/parse-env';
import { QUEUES } from '@wcr/shared/contracts/queues';
import { describe, expect, it } from 'vitest';
import { workerConfig } from './worker-config.ts';

const ENV = {
  WCR_SECRETS_KEY: 'ab'.repeat(32),
  WCR_CLONES_URL: 'http://clones.example',
  WCR_DATABASE_URL: 'mysql://root@127.0.0.1:3306',
  WCR_LOCAL_DIR: '/srv/clones',
};
const queuesOf = (names: string) => parseEnv(workerConfig, { ...ENV, WCR_WORKER_QUEUES: names }).queues;

describe('the queues a worker serves', () => {
  it('are all when none are named', () => {
    expect(queuesOf('')).toEqual([...QUEUES]);
  });

  it('are the ones that are named, once each', () => {
    expect(queuesOf('sweep, expire,sweep')).toEqual(['expire', 'sweep']);
  });

  it('are refused when one of them does not exist', () => {
    for (const names of ['clone,restores', 'clone,', ','])
      expect(() => queuesOf(names)).toThrow(/WCR_WORKER_QUEUES: names of queues/);
  });
});
