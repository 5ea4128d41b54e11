import { createTestEngine } from '../../testing/test-engine.ts';
import { createProcessor } from '../run-job.ts';
import { countingJob } from './counting-job.ts';

/** A worker process for tests of crashes: `node counting-worker.ts <redis url> <drain ms>`. SIGTERM stops it. */
const [url = '', drainMs = '0'] = process.argv.slice(2);
const engine = createTestEngine(url);
const processor = createProcessor({ engine, definition: countingJob, deps: { redis: engine.redis } });
const worker = engine.start([{ queue: 'clone', processor, concurrency: 1 }], { drainMs: Number(drainMs) });
process.once('SIGTERM', () => {
  void worker.close().then((inTime) => process.exit(inTime ? 0 : 1));
});
