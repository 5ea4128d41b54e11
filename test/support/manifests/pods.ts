import type { Manifest } from './manifest.ts';

/** A pod as it is described within something that makes pods. */
export type PodTemplate = {
  readonly owner: Manifest;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: as in a manifest
  readonly spec: any;
};

/** The pods of all Deployments and StatefulSets among some manifests. */
export function podsOf(manifests: readonly Manifest[]): PodTemplate[] {
  return manifests
    .filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
    .map((owner) => ({
      owner,
      namespace: owner.metadata.namespace ?? 'default',
      labels: owner['spec'].template.metadata.labels,
      spec: owner['spec'].template.spec,
    }));
}

/** All containers of a pod, those that start before it included. */
// biome-ignore lint/suspicious/noExplicitAny: as in a manifest
export function containersOf({ spec }: PodTemplate): any[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

type Selector = {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
};

/** Whether a label selector matches. @throws Error for operators that nothing here uses */
export function selects(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const hasLabels = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  return hasLabels && matchExpressions.every((expression) => holds(expression, labels));
}

function holds(
  { key, operator, values = [] }: { key: string; operator: string; values?: readonly string[] },
  labels: Readonly<Record<string, string>>,
): boolean {
  if (operator === 'In') return values.includes(labels[key] ?? '');
  if (operator === 'Exists') return key in labels;
  throw new Error(`the operator ${operator} is not known here`);
}
