import { type Fields, isFields } from '../../storage/kube-object.ts';
import type { JsonSchema } from '../../validation/json-schema.ts';
import type { SchemaRule } from '../../validation/schema-rules.ts';

const SCALARS: Readonly<Record<string, JsonSchema>> = {
  string: { type: 'string' },
  integer: { type: 'integer' },
  boolean: { type: 'boolean' },
  float: { type: 'number' },
  object: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
};

type Property = { readonly schema: JsonSchema; readonly isRequired: boolean };

/**
 * The schema that kro makes of its short form: nested fields whose leaves are texts such as `integer | default=1 minimum=0`.
 *
 * @param types names that leaves may use besides the built-in ones
 * @throws Error naming a type or marker that is not known
 */
export function readSimpleSchema(fields: Fields, types: Fields = {}): JsonSchema {
  const properties = Object.entries(fields).map(([name, definition]) => [name, readProperty(definition, types)] as const);
  const required = properties.filter(([, { isRequired }]) => isRequired).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(properties.map(([name, { schema }]) => [name, schema])),
    ...(required.length > 0 ? { required } : {}),
  };
}

function readProperty(definition: unknown, types: Fields): Property {
  if (isFields(definition)) {
    const schema = readSimpleSchema(definition, types);
    // An object whose fields may all be left out may be left out itself; its defaults hold then, too.
    return { schema: schema.required === undefined ? { ...schema, default: {} } : schema, isRequired: false };
  }
  const [type = '', ...rest] = String(definition).split('|');
  return withMarkers(readType(type.trim(), types), rest.join('|'));
}

function readType(type: string, types: Fields): JsonSchema {
  const scalar = SCALARS[type];
  if (scalar !== undefined) return scalar;
  if (type.startsWith('[]')) return { type: 'array', items: readType(type.slice(2), types) };
  const map = /^map\[string\](.+)$/.exec(type)?.[1];
  if (map !== undefined) return { type: 'object', additionalProperties: readType(map, types) };
  const own = types[type];
  if (!isFields(own)) throw new Error(`unknown type: ${type}`);
  return readSimpleSchema(own, types);
}

const RULES = 'x-kubernetes-validations';
const COUNTS = ['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems'];

function withMarkers(type: JsonSchema, markers: string): Property {
  let schema: Fields = { ...type };
  let isRequired = false;
  for (const [, name = '', text = ''] of markers.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|\S+)/g)) {
    if (name === 'required') isRequired = text === 'true';
    else schema = mergeMarkers(schema, readMarker(name, unquote(text), type));
  }
  return { schema: schema as JsonSchema, isRequired };
}

/** Rules add up; of anything else the last word counts. */
function mergeMarkers(schema: Fields, more: Fields): Fields {
  const rules = [schema, more].flatMap((part) => (Array.isArray(part[RULES]) ? part[RULES] : []));
  return { ...schema, ...more, ...(rules.length > 0 ? { [RULES]: rules } : {}) };
}

type Marker = (value: string, type: JsonSchema) => Fields;

const MARKERS: Readonly<Record<string, Marker>> = {
  description: (description) => ({ description }),
  pattern: (pattern) => ({ pattern }),
  default: (value, type) => ({ default: readValue(value, type) }),
  enum: (value, type) => ({ enum: value.split(',').map((one) => readValue(one.trim(), type)) }),
  immutable: (value) => (value === 'true' ? addRule({ rule: 'self == oldSelf', message: 'field is immutable' }) : {}),
  validation: (rule) => addRule({ rule }),
  listType: (value) => ({ 'x-kubernetes-list-type': value }),
  listMapKey: (value) => ({ 'x-kubernetes-list-map-keys': [value] }),
  uniqueItems: (value) => (value === 'true' ? { 'x-kubernetes-list-type': 'set' } : {}),
};

function readMarker(name: string, value: string, type: JsonSchema): Fields {
  if (COUNTS.includes(name)) return { [name]: Number(value) };
  const marker = MARKERS[name];
  if (marker === undefined) throw new Error(`unknown marker: ${name}`);
  return marker(value, type);
}

/** Texts stand for themselves, anything else is JSON. */
function readValue(value: string, type: JsonSchema): unknown {
  return type.type === 'string' ? value : JSON.parse(value);
}

function addRule(rule: SchemaRule): Fields {
  return { [RULES]: [rule] };
}

function unquote(text: string): string {
  return text.startsWith('"') ? (JSON.parse(text.replaceAll(/\\(?!["\\/bfnrtu])/g, '\\\\')) as string) : text;
}
