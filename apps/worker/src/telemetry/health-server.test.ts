import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { type HealthServer, startHealthServer } from './health-server.ts';
import { createWorkerMetrics } from './metrics.ts';

let server: HealthServer | undefined;
afterEach(() => server?.close());

async function ask(path: string, state: { alive?: boolean; isReady?: () => Promise<boolean> } = {}): Promise<Response> {
  const metrics = createWorkerMetrics();
  metrics.jobStarted('clone');
  metrics.stepEnded({ job: 'clone', step: 'copy-files', outcome: 'completed', seconds: 3 });
  server = await startHealthServer({
    ...{ host: '127.0.0.1', port: 0, registry: metrics.registry, logger: pino({ level: 'silent' }) },
    isAlive: () => state.alive ?? true,
    isReady: state.isReady ?? (async () => true),
  });
  return fetch(`http://127.0.0.1:${server.port}${path}`);
}

it.each([
  ['/health/live', {}, 200],
  ['/health/live', { alive: false }, 503],
  ['/health/ready', {}, 200],
  ['/health/ready', { isReady: async () => false }, 503],
  ['/health/ready', { isReady: () => Promise.reject(new Error('away')) }, 500],
  ['/elsewhere', {}, 404],
])('%s with %j answers %i', async (path, state, status) => {
  expect((await ask(path, state)).status).toBe(status);
});

it('shows the figures in Prometheus’ format', async () => {
  const text = await (await ask('/metrics')).text();
  expect(text).toContain('wcr_jobs_active{queue="clone"} 1');
  expect(text).toContain('wcr_step_duration_seconds_count{queue="clone",step="copy-files",outcome="completed"} 1');
});
