import type { JsonSchema } from '../../validation/json-schema.ts';
import { defineKind } from '../define-kind.ts';

const TEXT: JsonSchema = { type: 'string' };
const TEXTS: JsonSchema = { type: 'array', items: TEXT };
const OPEN: JsonSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const isFixed = (name: string) => [{ rule: 'self == oldSelf', message: `${name} is immutable` }];

const SCHEMA: JsonSchema = {
  type: 'object',
  required: ['apiVersion', 'kind'],
  properties: {
    kind: { type: 'string', pattern: '^[A-Z][a-zA-Z0-9]{0,62}$', 'x-kubernetes-validations': isFixed('kind') },
    apiVersion: {
      type: 'string',
      pattern: '^v[0-9]+(alpha[0-9]+|beta[0-9]+)?$',
      'x-kubernetes-validations': isFixed('apiVersion'),
    },
    group: { type: 'string', default: 'kro.run', 'x-kubernetes-validations': isFixed('group') },
    scope: {
      type: 'string',
      default: 'Namespaced',
      enum: ['Namespaced', 'Cluster'],
      'x-kubernetes-validations': isFixed('scope'),
    },
    spec: OPEN,
    types: OPEN,
    status: OPEN,
    metadata: {
      type: 'object',
      properties: {
        labels: { type: 'object', additionalProperties: TEXT },
        annotations: { type: 'object', additionalProperties: TEXT },
      },
    },
    additionalPrinterColumns: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'type', 'jsonPath'],
        properties: { name: TEXT, type: TEXT, jsonPath: TEXT, format: TEXT, description: TEXT, priority: { type: 'integer' } },
      },
    },
  },
};

const RESOURCE: JsonSchema = {
  type: 'object',
  required: ['id'],
  properties: {
    id: TEXT,
    template: OPEN,
    externalRef: {
      type: 'object',
      required: ['apiVersion', 'kind', 'metadata'],
      properties: {
        apiVersion: TEXT,
        kind: TEXT,
        metadata: { type: 'object', properties: { name: TEXT, namespace: TEXT, selector: OPEN } },
      },
    },
    readyWhen: TEXTS,
    includeWhen: TEXTS,
    forEach: { type: 'array', items: { type: 'object', additionalProperties: TEXT } },
  },
  'x-kubernetes-validations': [
    { rule: 'has(self.template) != has(self.externalRef)', message: 'exactly one of template or externalRef must be provided' },
  ],
};

const SPEC: JsonSchema = {
  type: 'object',
  required: ['schema'],
  properties: { schema: SCHEMA, resources: { type: 'array', items: RESOURCE } },
};

/** kro's definition of graphs; the kinds that graphs define are added when they come. */
export const kroDefinitions = [
  defineKind({
    ...{ group: 'kro.run', version: 'v1alpha1', kind: 'ResourceGraphDefinition', plural: 'resourcegraphdefinitions' },
    ...{ scope: 'Cluster' as const, shortNames: ['rgd'], spec: SPEC },
  }),
];
