import type { StatusCause } from '../http/status-error.ts';
import { type Fields, isFields } from '../storage/kube-object.ts';
import { invalidValue, notSupported, required, wrongType } from './field-error.ts';
import { checkRules, type SchemaRule } from './schema-rules.ts';

/** What a custom resource's schema may say, as far as the stand-in understands it. */
export type JsonSchema = {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly format?: string;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-validations'?: readonly SchemaRule[];
};

/** The paths of fields a schema does not know, such as `spec.replicaz`. */
export function findUnknownFields(value: unknown, schema: JsonSchema, path = ''): string[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((item, index) => findUnknownFields(item, items, `${path}[${index}]`));
  }
  if (!isFields(value)) return [];
  return Object.entries(value).flatMap(([name, child]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const known = schema.properties?.[name] ?? schema.additionalProperties;
    if (isFields(known)) return findUnknownFields(child, known, at);
    return known === true || schema['x-kubernetes-preserve-unknown-fields'] === true ? [] : [at];
  });
}

/** The value with the schema's defaults where something is absent. */
export function withDefaults(value: unknown, schema: JsonSchema): unknown {
  const items = schema.items;
  if (Array.isArray(value)) return items === undefined ? value : value.map((item) => withDefaults(item, items));
  if (!isFields(value)) return value;
  const filled: Fields = { ...value };
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (filled[name] === undefined && child.default !== undefined) filled[name] = structuredClone(child.default);
    if (filled[name] !== undefined) filled[name] = withDefaults(filled[name], child);
  }
  const more = schema.additionalProperties;
  if (typeof more !== 'object') return filled;
  const keys = Object.keys(filled).filter((name) => schema.properties?.[name] === undefined);
  return { ...filled, ...Object.fromEntries(keys.map((name) => [name, withDefaults(filled[name], more)])) };
}

/** What is wrong with a value; `old` is what was there before, which rules on changes look at. */
export function checkSchema(value: unknown, schema: JsonSchema, path: string, old?: unknown): StatusCause[] {
  if (value === null || value === undefined) return [];
  if (!hasType(value, schema)) return [wrongType(path, describeType(value), schema.type ?? 'object')];
  const own = [...checkScalar(value, schema, path), ...checkRules(value, old, schema['x-kubernetes-validations'] ?? [], path)];
  if (Array.isArray(value)) return [...own, ...checkItems(value, schema, path)];
  return isFields(value) ? [...own, ...checkFields(value, schema, path, isFields(old) ? old : {})] : own;
}

function checkItems(value: readonly unknown[], schema: JsonSchema, path: string): StatusCause[] {
  const { items = {}, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  const counted = [
    ...(value.length < minItems
      ? [invalidValue(path, value.length, `${path} in body should have at least ${minItems} items`)]
      : []),
    ...(value.length > maxItems
      ? [invalidValue(path, value.length, `${path} in body should have at most ${maxItems} items`)]
      : []),
  ];
  return [...counted, ...value.flatMap((item, index) => checkSchema(item, items, `${path}[${index}]`))];
}

function checkFields(value: Fields, schema: JsonSchema, path: string, old: Fields): StatusCause[] {
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);
  const missing = (schema.required ?? []).filter((name) => value[name] === undefined).map((name) => required(at(name)));
  const more = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const inside = Object.entries(value).flatMap(([name, child]) => {
    const known = schema.properties?.[name] ?? more;
    return known === undefined ? [] : checkSchema(child, known, at(name), old[name]);
  });
  return [...missing, ...inside];
}

function checkScalar(value: unknown, schema: JsonSchema, path: string): StatusCause[] {
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [notSupported(path, value, schema.enum)];
  if (typeof value === 'string') return checkText(value, schema, path);
  if (typeof value !== 'number') return [];
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
  return [
    ...(value < minimum ? [invalidValue(path, value, `${path} in body should be greater than or equal to ${minimum}`)] : []),
    ...(value > maximum ? [invalidValue(path, value, `${path} in body should be less than or equal to ${maximum}`)] : []),
  ];
}

function checkText(value: string, schema: JsonSchema, path: string): StatusCause[] {
  const { pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
  return [
    ...(value.length < minLength
      ? [invalidValue(path, value, `${path} in body should be at least ${minLength} chars long`)]
      : []),
    ...(value.length > maxLength ? [invalidValue(path, value, `${path} in body should be at most ${maxLength} chars long`)] : []),
    ...(pattern !== undefined && !new RegExp(pattern).test(value)
      ? [invalidValue(path, value, `${path} in body should match '${pattern}'`)]
      : []),
  ];
}

function hasType(value: unknown, schema: JsonSchema): boolean {
  if (schema['x-kubernetes-int-or-string'] === true) return typeof value === 'string' || Number.isInteger(value);
  if (schema.type === undefined) return true;
  if (schema.type === 'integer') return Number.isInteger(value);
  return describeType(value) === schema.type;
}

function describeType(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}
