import * as client from '@kubernetes/client-node';
import { type Fields, isFields } from '../storage/kube-object.ts';

type Attribute = { readonly baseName: string; readonly type: string; readonly format: string };

/** What differs from the types of the client library. `at` is a path such as `spec.containers[0].imagee`. */
export type TypeFinding = { readonly at: string; readonly problem: 'unknown' | 'mistyped'; readonly expected: string };

const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  number: (value) => typeof value === 'number',
  Date: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
  V1MicroTime: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
  IntOrString: (value) => typeof value === 'string' || Number.isInteger(value),
  any: () => true,
};

/** @param type a class of the client library, such as `V1Pod` */
export function findTypeProblems(value: unknown, type: string, at = ''): TypeFinding[] {
  // A field that is null is a field that is absent.
  if (value === null || value === undefined) return [];
  const scalar = SCALARS[type];
  if (scalar !== undefined) return scalar(value) ? [] : [{ at, problem: 'mistyped', expected: type }];
  const list = /^Array<(.+)>$/.exec(type)?.[1];
  if (list !== undefined) return checkList(value, list, at);
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  if (map !== undefined) return checkMap(value, map, at);
  return checkClass(value, type, at);
}

function checkList(value: unknown, type: string, at: string): TypeFinding[] {
  if (!Array.isArray(value)) return [{ at, problem: 'mistyped', expected: 'array' }];
  return value.flatMap((item, index) => findTypeProblems(item, type, `${at}[${index}]`));
}

function checkMap(value: unknown, type: string, at: string): TypeFinding[] {
  if (!isFields(value)) return [{ at, problem: 'mistyped', expected: 'map' }];
  return Object.entries(value).flatMap(([key, child]) => findTypeProblems(child, type, `${at}.${key}`));
}

function checkClass(value: unknown, type: string, at: string): TypeFinding[] {
  if (!isFields(value)) return [{ at, problem: 'mistyped', expected: 'object' }];
  const attributes = attributesOf(type);
  if (attributes === undefined) return [];
  return Object.entries(value).flatMap(([name, child]) => {
    const path = at === '' ? name : `${at}.${name}`;
    const attribute = attributes.get(name);
    if (attribute === undefined) return [{ at: path, problem: 'unknown' as const, expected: '' }];
    return checkAttribute(child, attribute, path);
  });
}

function checkAttribute(value: unknown, { type, format }: Attribute, path: string): TypeFinding[] {
  const isWhole = format === 'int32' || format === 'int64';
  if (isWhole && typeof value === 'number' && !Number.isInteger(value))
    return [{ at: path, problem: 'mistyped', expected: 'integer' }];
  return findTypeProblems(value, type, path);
}

const cache = new Map<string, Map<string, Attribute> | undefined>();

function attributesOf(type: string): Map<string, Attribute> | undefined {
  if (!cache.has(type)) {
    const found = (client as unknown as Fields)[type] as { getAttributeTypeMap?(): Attribute[] } | undefined;
    const attributes = found?.getAttributeTypeMap?.();
    cache.set(type, attributes === undefined ? undefined : new Map(attributes.map((one) => [one.baseName, one])));
  }
  return cache.get(type);
}
