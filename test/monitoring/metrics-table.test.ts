import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createMetrics } from '@wcr/api/telemetry/metrics';
import { createWorkerMetrics } from '@wcr/worker/telemetry/metrics';
import { Redis } from 'ioredis';
import type { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { ALERTS, PANELS } from '../support/monitoring.ts';

const DOCUMENT = readFileSync(resolve(import.meta.dirname, '../../docs/metrics.md'), 'utf8');
const ROW = /^\| `(wcr_\w+)` \| (\w+) \| ([^|]*)\| (api|worker) \| /gm;
/** What prom-client tells of any process. */
const OF_PROCESS = /^(process|nodejs)_/;

type Described = { name: string; type: string; labels: string[]; from: string };
const byName = (one: Described, other: Described) => one.name.localeCompare(other.name);

const documented = [...DOCUMENT.matchAll(ROW)].map(([, name = '', type = '', labels = '', from = '']) => ({
  ...{ name, type, from },
  labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label),
}));

async function registered(registry: Registry, from: string): Promise<Described[]> {
  const figures = await registry.getMetricsAsJSON();
  return figures
    .filter(({ name }) => !OF_PROCESS.test(name))
    .map(({ name, type }) => ({ name, type: String(type), from, labels: labelsOf(registry, name) }));
}

function labelsOf(registry: Registry, name: string): string[] {
  const { labelNames = [] } = registry.getSingleMetric(name) as unknown as { labelNames?: string[] };
  return labelNames.filter((label) => label !== 'le');
}

it('docs/metrics.md lists what the programs really tell, by name, type and labels', async () => {
  const redis = new Redis({ lazyConnect: true });
  const api = await registered(createMetrics({ redis, now: Date.now }).registry, 'api');
  const worker = await registered(createWorkerMetrics().registry, 'worker');
  redis.disconnect();
  expect(documented.sort(byName)).toEqual([...api, ...worker].sort(byName));
});

it('alerts and dashboard use every metric of ours there is, and no other', () => {
  const used = [...ALERTS, ...PANELS].flatMap(({ expr }) => expr.match(/\bwcr_\w+/g) ?? []);
  const names = used.map((name) => name.replace(/_(bucket|sum|count)$/, ''));
  expect([...new Set(names)].sort()).toEqual(documented.map(({ name }) => name).sort());
});
