import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFreePort } from '@wcr/stack/services/process';
import { type PrometheusService, startPrometheus } from '@wcr/stack/services/prometheus';
import { startSampleSite } from '@wcr/stack/sites/sample-site';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awaitJob, makeClone, requestClone, until } from '../support/clone-flow.ts';
import { ALERTS, comparedValue, PANELS, RULES } from '../support/monitoring.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

const TOKEN = 'metrics-token-0123456789';
/** Long enough for several looks at what has happened. */
const LOOKS = 4;

type Sample = { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] };

let stack: TestStack;
let source: Awaited<ReturnType<typeof startSampleSite>>;
let prometheus: PrometheusService;

beforeAll(async () => {
  // Sweeps come often, so that what rates are of happens while somebody looks.
  stack = await startTestStack({ workers: 0, env: { WCR_METRICS_TOKEN: TOKEN, WCR_SWEEP_SECONDS: '2' } });
  const workerPort = await findFreePort();
  const rules = join(stack.dir, 'rules.json');
  writeFileSync(rules, JSON.stringify(RULES));
  [source, prometheus] = await Promise.all([
    startSampleSite({ dir: join(stack.dir, 'source'), mariaDb: stack.mariaDb, version: '6.5', uploadMb: 16 }),
    startPrometheus({
      dir: join(stack.dir, 'prometheus'),
      targets: [
        { job: 'api', port: Number(new URL(stack.apiUrl).port), token: TOKEN },
        { job: 'worker', port: workerPort },
      ],
      ruleFiles: [rules],
    }),
    stack.startWorker({ WCR_METRICS_PORT: String(workerPort) }),
  ]);
  const { username, password } = source.admin;
  const refused = await requestClone(stack, { source: { url: source.url, username, password: 'not-the-password' } });
  await awaitJob(stack, refused.jobId);
  await makeClone(stack, { source: { url: source.url, username, password }, ttlMinutes: 30 });
  const begun = Date.now() / 1000;
  await until(async () => {
    const [last] = await query('min(timestamp(up))');
    return Number(last?.value[1]) > begun + LOOKS ? true : undefined;
  });
});

afterAll(async () => {
  await prometheus?.stop();
  await source?.stop();
  await stack?.[Symbol.asyncDispose]();
});

async function ask<T>(path: string): Promise<T> {
  const answer = (await (await fetch(`${prometheus.url}/api/v1/${path}`)).json()) as { status: string; data: T; error?: string };
  if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
  return answer.data;
}
const query = async (expr: string) =>
  (await ask<{ result: Sample[] }>(`query?query=${encodeURIComponent(expr.replaceAll('$__rate_interval', '1m'))}`)).result;
const hasNumber = (samples: readonly Sample[]) => samples.some(({ value: [, text] }) => Number.isFinite(Number(text)));

it('reads the API with its token, and the worker', async () => {
  const { activeTargets } = await ask<{ activeTargets: { health: string; lastError: string }[] }>('targets');
  expect(activeTargets.map(({ health, lastError }) => [health, lastError])).toEqual([
    ['up', ''],
    ['up', ''],
  ]);
});

it('has taken over every alert, and none of them is raised while all is well', async () => {
  const { groups } = await ask<{ groups: { rules: { name: string; health: string; lastError?: string }[] }[] }>('rules');
  const rules = groups.flatMap((group) => group.rules);
  expect(rules.map(({ name, health, lastError }) => [name, health, lastError])).toEqual(
    ALERTS.map(({ alert }) => [alert, 'ok', undefined]),
  );
  expect((await ask<{ alerts: object[] }>('alerts')).alerts).toEqual([]);
});

describe('there is data', () => {
  // An alert itself has none while all is well. The value it compares with its limit has.
  it.each(ALERTS.map((alert) => [alert.alert, comparedValue(alert)]))('for the alert %s', async (_, expr) => {
    expect(hasNumber(await query(expr)), expr).toBe(true);
  });

  it.each(PANELS.map(({ title, expr }) => [title, expr]))('for the panel %s', async (_, expr) => {
    expect(hasNumber(await query(expr)), expr).toBe(true);
  });
});

it('the figures are those of what happened: one clone, and one that a wrong password kept from being made', async () => {
  const one = async (expr: string) => (await query(expr)).map(({ value: [, text] }) => Number(text));
  expect(await one('max(sum by (instance) (wcr_clones{status="ready"}))')).toEqual([1]);
  expect(await one('sum(wcr_jobs_ended_total{queue="clone",outcome="completed"})')).toEqual([1]);
  expect(await one('sum(wcr_step_duration_seconds_count{queue="clone",step="copy-files",outcome="completed"})')).toEqual([1]);
  expect(await one('sum(wcr_dead_letters_total{queue="clone",code="source.credentials_rejected"})')).toEqual([1]);
  expect(await one('sum(wcr_browser_failures_total{code="source.credentials_rejected"})')).toEqual([1]);
  const moved = await query('wcr_bytes_moved_total > 100000');
  expect(moved.map(({ metric }) => `${metric['what']} ${metric['direction']}`).sort()).toEqual([
    'files read',
    'files written',
    'rows read',
    'rows written',
  ]);
  expect((await one('sum(wcr_rewriter_replacements_total)'))[0]).toBeGreaterThan(100);
});
