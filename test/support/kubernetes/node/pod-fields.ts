import type { V1Container, V1ResourceFieldSelector } from '@kubernetes/client-node';
import type { KubeObject } from '../storage/kube-object.ts';

/** What a pod cannot know of itself. */
export type NodeFacts = {
  readonly podIp: string;
  readonly hostIp: string;
  /** A token of the pod's own account, for volumes that ask for one. */
  issueToken(namespace: string, account: string, expirySeconds: number): string;
};

/** A field of a pod that its containers may be told, such as `metadata.labels['app']`. Unknown ones are empty. */
export function readPodField({ metadata, spec }: KubeObject, path: string, { podIp, hostIp }: NodeFacts): string {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed !== null) return metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2] ?? ''] ?? '';
  const all = (map: Record<string, string> = {}) =>
    Object.entries(map)
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      .join('\n');
  const fields: Readonly<Record<string, unknown>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'metadata.labels': all(metadata.labels),
    'metadata.annotations': all(metadata.annotations),
    'spec.nodeName': spec?.['nodeName'],
    'spec.serviceAccountName': spec?.['serviceAccountName'],
    'status.podIP': podIp,
    'status.podIPs': podIp,
    'status.hostIP': hostIp,
    'status.hostIPs': hostIp,
  };
  return String(fields[path] ?? '');
}

/** A limit or request of a container, in whole units of the divisor. */
export function readResourceField({ resources }: V1Container, { resource, divisor }: V1ResourceFieldSelector): string {
  const [part = '', name = ''] = resource.split('.');
  const amounts: Readonly<Record<string, string>> = (part === 'limits' ? resources?.limits : resources?.requests) ?? {};
  const unit = divisor === undefined || divisor === '0' ? 1 : parseQuantity(divisor);
  return String(Math.ceil(parseQuantity(amounts[name] ?? '0') / unit));
}

const UNITS: Readonly<Record<string, number>> = {
  ...{ '': 1, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 },
};

function parseQuantity(text: string): number {
  const [, amount = '0', unit = ''] = /^([0-9.]+)([a-zA-Z]*)$/.exec(text) ?? [];
  return Number(amount) * (UNITS[unit] ?? 1);
}
