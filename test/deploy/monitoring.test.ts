import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUILDING, buildManifests, deployFolder, skipsWithoutKubectl } from '../support/manifests/build-kustomization.ts';
import { containersOf, podsOf, selects } from '../support/manifests/pods.ts';
import { ALERTS, comparedValue, PANELS, RULES } from '../support/monitoring.ts';

const OPERATIONS = readFileSync(join(deployFolder, '../docs/operations.md'), 'utf8');
const built = () => buildManifests('overlays/production', ['monitoring']);

describe('every alert', () => {
  it('has a row in docs/operations.md that says what to do, and every such row an alert', () => {
    const [, section = ''] = OPERATIONS.split('## What an alarm means');
    const [rows = ''] = section.split('\n## ');
    const described = [...rows.matchAll(/^\| `(Wcr\w+)` \| .{10,} \| .{10,} \|$/gm)].map(([, name]) => name);
    expect(described.sort()).toEqual(ALERTS.map(({ alert }) => alert).sort());
  });

  it.each(ALERTS.map((alert) => [alert.alert, alert] as const))(
    '%s says what it means, how bad it is and where to read on',
    (_, alert) => {
      expect(['critical', 'warning']).toContain(alert.labels['severity']);
      expect(alert.annotations).toEqual({
        summary: expect.any(String),
        runbook: 'docs/operations.md#what-an-alarm-means',
      });
      expect(comparedValue(alert)).not.toBe('');
    },
  );
});

describe.skipIf(skipsWithoutKubectl())('the component monitoring', BUILDING, () => {
  it('reads the API with the token the API was given, and every class of workers', async () => {
    const manifests = await built();
    const pods = podsOf(manifests);
    const service = manifests.find(({ kind, metadata }) => kind === 'Service' && metadata.name === 'api');
    const [api] = pods.filter(({ owner }) => owner.metadata.name === 'api').flatMap(containersOf);
    const { valueFrom } = api.env.find(({ name }: { name: string }) => name === 'WCR_METRICS_TOKEN');
    const serviceMonitor = manifests.find(({ kind }) => kind === 'ServiceMonitor');
    const [endpoint] = serviceMonitor?.['spec'].endpoints ?? [];
    expect(selects(serviceMonitor?.['spec'].selector, service?.metadata.labels ?? {})).toBe(true);
    expect(service?.['spec'].ports.map(({ name }: { name: string }) => name)).toContain(endpoint.port);
    expect(endpoint.authorization.credentials).toEqual(valueFrom.secretKeyRef);

    const podMonitor = manifests.find(({ kind }) => kind === 'PodMonitor');
    const read = pods.filter(({ labels }) => selects(podMonitor?.['spec'].selector, labels));
    expect(read.map(({ owner }) => owner.metadata.name).sort()).toEqual([
      'worker-clone',
      'worker-housekeeping',
      'worker-restore',
    ]);
    const [{ port }] = podMonitor?.['spec'].podMetricsEndpoints ?? [{}];
    for (const { ports } of read.flatMap(containersOf)) expect(ports.map(({ name }: { name: string }) => name)).toContain(port);
  });

  it('gives all series the label job that alerts and dashboard count on', async () => {
    const manifests = await built();
    const labels = podsOf(manifests).map((pod) => pod.labels['app.kubernetes.io/name']);
    for (const { spec } of manifests.filter(({ kind }) => kind === 'ServiceMonitor' || kind === 'PodMonitor'))
      expect(spec.jobLabel).toBe('app.kubernetes.io/name');
    const jobs = [...ALERTS, ...PANELS].flatMap(({ expr }) =>
      [...expr.matchAll(/job=~?"([^"]+)"/g)].flatMap(([, one = '']) => one.split('|')),
    );
    for (const job of jobs) expect(labels).toContain(job);
  });

  it('hands the alerts to Prometheus and the dashboard to Grafana as they were tested', async () => {
    const manifests = await built();
    expect(manifests.find(({ kind }) => kind === 'PrometheusRule')?.['spec']).toEqual(RULES);
    const dashboards = manifests.filter(({ metadata }) => metadata.labels?.['grafana_dashboard'] === '1');
    expect(dashboards.map(({ kind, data }) => [kind, Object.keys(data)])).toEqual([['ConfigMap', ['wp-clone-restore.json']]]);
  });
});
