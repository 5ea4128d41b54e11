import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiConfig } from '@wcr/api/config/api-config';
import { type ConfigDefinition, parseEnv } from '@wcr/shared/config/parse-env';
import { RELEASE_SECONDS, workerConfig } from '@wcr/worker/config/worker-config';
import { describe, expect, it } from 'vitest';
import { BUILDING, buildManifests, deployFolder, skipsWithoutKubectl } from '../support/manifests/build-kustomization.ts';
import type { Manifest } from '../support/manifests/manifest.ts';
import { buildVariant, describeVariant, mainVariants } from '../support/manifests/overlays.ts';
import { containersOf, type PodTemplate, podsOf } from '../support/manifests/pods.ts';

const DEFINITIONS: Readonly<Record<string, ConfigDefinition>> = { api: apiConfig, worker: workerConfig };
/** What stands for a value out of a Secret. */
const SAMPLES: Readonly<Record<string, string>> = {
  WCR_SECRETS_KEY: 'ab'.repeat(32),
  WCR_SECRETS_KEYS_OTHER: 'cd'.repeat(32),
  WCR_API_KEYS: 'ops:ops-key-0123456789:admin',
  WCR_METRICS_TOKEN: 'metrics-token-0123456789',
  WCR_DATABASE_URL: 'mysql://root:secret@db.internal:3306',
  REDIS_PASSWORD: 'secret',
};
const variants = mainVariants().map((variant) => [describeVariant(variant), variant] as const);
type Variable = { name: string; value?: string; valueFrom?: { secretKeyRef?: { name: string; key: string }; fieldRef?: object } };

/** The environment a container would have. */
// biome-ignore lint/suspicious/noExplicitAny: as in a manifest
function environmentOf(container: any, manifests: readonly Manifest[]): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { configMapRef } of container.envFrom ?? []) {
    const map = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMapRef.name);
    Object.assign(environment, map?.['data']);
  }
  for (const { name, value, valueFrom } of (container.env ?? []) as Variable[]) {
    const given = valueFrom?.secretKeyRef ? (SAMPLES[name] ?? 'secret') : (value ?? 'a-field');
    environment[name] = given.replaceAll(/\$\(([A-Z_]+)\)/g, (_, other: string) => environment[other] ?? `$(${other})`);
  }
  return environment;
}
const ourContainers = (manifests: readonly Manifest[]) =>
  podsOf(manifests)
    .flatMap(containersOf)
    .filter(({ name }) => name in DEFINITIONS)
    .map((container) => ({ name: container.name as string, environment: environmentOf(container, manifests) }));
const numberOf = (environment: Record<string, string>, name: string) => Number(environment[name]);

describe.skipIf(skipsWithoutKubectl())('the settings', BUILDING, () => {
  it.each(variants)('of %s are known to the app that gets them, and have values it takes', async (_, variant) => {
    const containers = ourContainers(await buildVariant(variant));
    expect(containers).toHaveLength(4);
    for (const { name, environment } of containers) {
      const known = new Map(Object.values(DEFINITIONS[name] ?? {}).map((key) => [key.env, key]));
      for (const [variable, value] of Object.entries(environment).filter(([variable]) => variable.startsWith('WCR_'))) {
        const key = known.get(variable);
        expect(key, `${name} knows no ${variable}`).toBeDefined();
        expect(key?.schema.safeParse(value).error, `${name}: ${variable}`).toBeUndefined();
      }
    }
  });

  it.each(variants)('of %s are all the API and the workers need to start', async (_, variant) => {
    const containers = ourContainers(await buildVariant(variant));
    for (const { name, environment } of containers) {
      const config = name === 'api' ? parseEnv(apiConfig, environment) : parseEnv(workerConfig, environment);
      expect(config.redisUrl).toBe('redis://:secret@redis.wp-clone-restore.svc:6379');
      if ('metricsToken' in config) expect(config).toMatchObject({ host: '0.0.0.0', metricsToken: expect.any(String) });
      else expect(config).toMatchObject({ runtime: 'kubernetes', clonesNamespace: 'wp-clones', metricsHost: '0.0.0.0' });
    }
  });

  it.each(variants)(
    'of %s have clones made of one version of an image, and no more of them than there is room for',
    async (_, variant) => {
      const manifests = await buildVariant(variant);
      const containers = ourContainers(manifests);
      for (const { environment } of containers.filter(({ name }) => name === 'worker')) {
        for (const image of ['WCR_KUBERNETES_IMAGE', 'WCR_KUBERNETES_SIDECAR_IMAGE'])
          expect(environment[image]).toMatch(/:\d[\w.-]*$/);
      }
      const most = numberOf(containers.find(({ name }) => name === 'api')?.environment ?? {}, 'WCR_MAX_CLONES');
      const quota = manifests.find(({ kind }) => kind === 'ResourceQuota');
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThan(Number(quota?.['spec'].hard.pods));
    },
  );

  it.each([
    ['dev', 1],
    ['staging', 1],
    ['production', 2],
  ])('of %s believe as many addresses of a request as there are proxies before the API', async (overlay, hops) => {
    const [api] = ourContainers(await buildManifests(`overlays/${overlay}`)).filter(({ name }) => name === 'api');
    expect(numberOf(api?.environment ?? {}, 'WCR_TRUSTED_PROXY_HOPS')).toBe(hops);
  });

  it.each(variants)('of %s leave a pod the time it needs to stop', async (_, variant) => {
    const manifests = await buildVariant(variant);
    for (const pod of podsOf(manifests)) {
      const [container] = containersOf(pod);
      const environment = environmentOf(container, manifests);
      const grace: number = pod.spec.terminationGracePeriodSeconds ?? 30;
      if (container.name === 'worker')
        expect(grace).toBeGreaterThan(numberOf(environment, 'WCR_DRAIN_SECONDS') + RELEASE_SECONDS);
      if (container.name === 'api') {
        expect(grace).toBeGreaterThan(numberOf(environment, 'WCR_SHUTDOWN_SECONDS') + container.lifecycle.preStop.sleep.seconds);
      }
    }
  });

  it('restart the pods that read them when they change', async () => {
    const manifests = await buildManifests('overlays/production');
    const maps = manifests.filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.namespace === 'wp-clone-restore');
    expect(maps).toHaveLength(4);
    for (const { metadata } of maps) expect(metadata.name).toMatch(/^wcr-[a-z]+-[a-z0-9]{10}$/);
  });
});

describe.skipIf(skipsWithoutKubectl())('the secrets an operator makes', BUILDING, () => {
  const documented = new Set(
    [
      ...readFileSync(join(deployFolder, '../docs/operations.md'), 'utf8').matchAll(/^\| `(wcr-[a-z-]+)` \| `([a-z-]+)` \|/gm),
    ].map(([, secret, key]) => `${secret}/${key}`),
  );
  const usedBy = (pod: PodTemplate) =>
    containersOf(pod)
      .flatMap(({ env }) => (env ?? []) as Variable[])
      .flatMap(({ valueFrom }) =>
        valueFrom?.secretKeyRef ? [`${valueFrom.secretKeyRef.name}/${valueFrom.secretKeyRef.key}`] : [],
      );

  it.each(['staging', 'production'])('for %s are the ones that docs/operations.md lists', async (overlay) => {
    const manifests = await buildManifests(`overlays/${overlay}`);
    expect(new Set(podsOf(manifests).flatMap(usedBy))).toEqual(documented);
  });

  it('for dev come with it', async () => {
    const manifests = await buildManifests('overlays/dev');
    const made = manifests
      .filter(({ kind }) => kind === 'Secret')
      .flatMap(({ metadata, data }) => Object.keys(data).map((key) => `${metadata.name}/${key}`));
    for (const used of podsOf(manifests).flatMap(usedBy)) expect(made).toContain(used);
  });
});
