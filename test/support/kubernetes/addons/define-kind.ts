import type { Fields } from '../storage/kube-object.ts';
import type { JsonSchema } from '../validation/json-schema.ts';

/** What a definition of a custom kind has to say; the status is its own subresource. Without a schema any fields are accepted. */
export type KindSketch = {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly scope?: 'Namespaced' | 'Cluster';
  readonly shortNames?: readonly string[];
  readonly spec?: JsonSchema;
  readonly status?: JsonSchema;
};

/** A CustomResourceDefinition with one version. */
export function defineKind({
  group,
  version,
  kind,
  plural,
  scope = 'Namespaced',
  shortNames = [],
  spec,
  status,
}: KindSketch): Fields {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const root = {
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      ...(spec === undefined ? {} : { spec }),
      status: status ?? open,
    },
    ...(spec === undefined ? {} : { required: ['spec'] }),
  };
  const openAPIV3Schema = spec === undefined ? open : root;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      ...{ group, scope },
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List`, shortNames: [...shortNames] },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema }, subresources: { status: {} } }],
    },
  };
}
