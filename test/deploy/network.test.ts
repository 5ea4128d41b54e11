import { BlockList, isIPv6 } from 'node:net';
import { parseEnv } from '@wcr/shared/config/parse-env';
import { kubernetesRuntimeConfig } from '@wcr/worker/drivers/runtime/kubernetes/kubernetes-runtime.config';
import { renderObjects } from '@wcr/worker/drivers/runtime/kubernetes/manifests';
import { describe, expect, it } from 'vitest';
import { BUILDING, skipsWithoutKubectl } from '../support/manifests/build-kustomization.ts';
import type { Manifest } from '../support/manifests/manifest.ts';
import { buildVariant, describeVariant, mainVariants } from '../support/manifests/overlays.ts';
import { containersOf, type PodTemplate, podsOf, selects } from '../support/manifests/pods.ts';

const ID = 'clone-20261126-012345-ab12';
/** Where clouds tell a machine who it is and what it may do. */
const METADATA = ['169.254.169.254', '169.254.170.2', '169.254.170.23', 'fd00:ec2::254', 'fd00:ec2::23'];
const PRIVATE = ['10.1.2.3', '172.20.0.1', '192.168.1.1', '100.64.0.1', '127.0.0.1', '::1', 'fd12::1'];
const NAMESPACES = ['wp-clone-restore', 'wp-clones'];
const variants = mainVariants().map((variant) => [describeVariant(variant), variant] as const);

type IpBlock = { cidr: string; except?: readonly string[] };
type Peer = { podSelector?: object; namespaceSelector?: object; ipBlock?: IpBlock };
type Rule = { peers: readonly Peer[]; ports: readonly { port: string | number; endPort?: number }[] };

/** The pods of the manifests and one clone. */
function allPods(manifests: readonly Manifest[]): PodTemplate[] {
  const settings = parseEnv(kubernetesRuntimeConfig, {});
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: ID, uid: 'an-uid' };
  const objects = renderObjects({ owner, url: `https://c.example/${ID}`, settings: { ...settings, cloneImage: 'x:1' } });
  const clones = podsOf(objects as readonly Manifest[]).map((pod) => ({ ...pod, namespace: settings.clonesNamespace }));
  return [...podsOf(manifests), ...clones];
}

const policiesOf = (manifests: readonly Manifest[]) => manifests.filter(({ kind }) => kind === 'NetworkPolicy');
const rulesOf = ({ spec }: Manifest, way: 'ingress' | 'egress'): Rule[] =>
  (spec[way] ?? []).map((rule: Manifest) => ({
    peers: rule[way === 'ingress' ? 'from' : 'to'] ?? [],
    ports: rule['ports'] ?? [],
  }));

/** The labels of our namespaces, with the one every namespace has. */
function namespaceLabels(manifests: readonly Manifest[]): Map<string, Record<string, string>> {
  const namespaces = manifests.filter(({ kind }) => kind === 'Namespace');
  return new Map(namespaces.map(({ metadata: { name, labels } }) => [name, { ...labels, 'kubernetes.io/metadata.name': name }]));
}

/** The pods of ours that a peer of a policy means. */
function meant(
  peer: Peer,
  home: string,
  pods: readonly PodTemplate[],
  namespaces: Map<string, Record<string, string>>,
): PodTemplate[] {
  if (peer.ipBlock) return [];
  const inNamespace = (name: string) =>
    peer.namespaceSelector ? selects(peer.namespaceSelector, namespaces.get(name) ?? {}) : name === home;
  return pods.filter(({ namespace, labels }) => inNamespace(namespace) && selects(peer.podSelector ?? {}, labels));
}

function allows({ cidr, except = [] }: IpBlock, address: string): boolean {
  const within = (block: string) => {
    const [network = '', bits] = block.split('/');
    const list = new BlockList();
    list.addSubnet(network, Number(bits), isIPv6(network) ? 'ipv6' : 'ipv4');
    return isIPv6(network) === isIPv6(address) && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  };
  return within(cidr) && !except.some(within);
}

describe.skipIf(skipsWithoutKubectl())('the network', BUILDING, () => {
  it.each(variants)('of %s denies what nobody allowed, both ways', async (_, variant) => {
    const policies = policiesOf(await buildVariant(variant));
    for (const namespace of NAMESPACES) {
      const denial = policies.find(({ metadata }) => metadata.namespace === namespace && metadata.name === 'default-deny');
      expect(denial?.['spec']).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    }
  });

  it.each(variants)('of %s has policies for pods that exist, and ports those pods have', async (_, variant) => {
    const manifests = await buildVariant(variant);
    const pods = allPods(manifests);
    for (const policy of policiesOf(manifests)) {
      const home = policy.metadata.namespace ?? '';
      const own = pods.filter(({ namespace, labels }) => namespace === home && selects(policy['spec'].podSelector, labels));
      expect(own.length, policy.metadata.name).toBeGreaterThan(0);
      const names = own.flatMap(containersOf).flatMap(({ ports }) => ports.map(({ name }: { name: string }) => name));
      for (const { port } of rulesOf(policy, 'ingress').flatMap(({ ports }) => ports)) expect(names).toContain(port);
    }
  });

  it.each(variants)('of %s leads to pods of ours on ports they listen on', async (_, variant) => {
    const manifests = await buildVariant(variant);
    const pods = allPods(manifests);
    const namespaces = namespaceLabels(manifests);
    for (const policy of policiesOf(manifests)) {
      for (const { peers, ports } of rulesOf(policy, 'egress')) {
        const reached = peers.flatMap((peer) => meant(peer, policy.metadata.namespace ?? '', pods, namespaces));
        const listening = reached.flatMap(containersOf).map(({ ports: [first] }) => first.containerPort);
        for (const port of listening) expect(ports.map((allowed) => allowed.port)).toContain(port);
      }
    }
  });

  it.each(variants)('of %s never leads from one clone to another', async (_, variant) => {
    const manifests = await buildVariant(variant);
    const pods = allPods(manifests);
    const namespaces = namespaceLabels(manifests);
    for (const policy of policiesOf(manifests).filter(({ metadata }) => metadata.namespace === 'wp-clones')) {
      for (const way of ['ingress', 'egress'] as const) {
        const peers = rulesOf(policy, way).flatMap(({ peers: all }) => all);
        if (rulesOf(policy, way).length > 0) expect(peers.length).toBeGreaterThan(0);
        const met = peers.flatMap((peer) => meant(peer, 'wp-clones', pods, namespaces));
        expect(met.filter(({ namespace }) => namespace === 'wp-clones')).toEqual([]);
      }
    }
  });

  it.each(variants)('of %s never leads to the metadata of a machine', async (_, variant) => {
    const blocks = policiesOf(await buildVariant(variant))
      .flatMap((policy) => rulesOf(policy, 'egress'))
      .flatMap(({ peers }) => peers.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock] : [])));
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) for (const address of METADATA) expect(allows(block, address)).toBe(false);
  });

  it.each(variants)('of %s lets clones out to the database and to the Internet only, never inside', async (_, variant) => {
    const policies = policiesOf(await buildVariant(variant)).filter(({ metadata }) => metadata.namespace === 'wp-clones');
    for (const { peers, ports } of policies.flatMap((policy) => rulesOf(policy, 'egress'))) {
      const blocks = peers.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock] : []));
      const isDatabase = ports.every(({ port }) => port === 3306);
      for (const block of isDatabase ? [] : blocks) for (const address of PRIVATE) expect(allows(block, address)).toBe(false);
    }
  });

  it.each(variants)('of %s lets a worker reach sites on the Internet, and inside only what it works with', async (_, variant) => {
    const policies = policiesOf(await buildVariant(variant)).filter(({ metadata }) => metadata.name === 'worker');
    const rules = policies.flatMap((policy) => rulesOf(policy, 'egress'));
    const portsTo = (address: string) =>
      rules
        .filter(({ peers }) => peers.some(({ ipBlock }) => ipBlock && allows(ipBlock, address)))
        .flatMap(({ ports }) => ports.map(({ port, endPort }) => (endPort === undefined ? String(port) : `${port}-${endPort}`)));
    expect(portsTo('93.184.216.34')).toEqual(['1-65535']);
    expect(portsTo('2606:2800:220:1::1')).toEqual(['1-65535']);
    // The API of Kubernetes.
    expect(portsTo('10.43.0.1')).toEqual(['443', '6443']);
    for (const address of ['127.0.0.1', '100.64.0.1', '::1', 'fd12::1']) expect(portsTo(address)).toEqual([]);
  });
});
