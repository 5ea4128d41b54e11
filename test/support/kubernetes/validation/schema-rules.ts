import { Environment } from '@marcbachmann/cel-js';
import type { StatusCause } from '../http/status-error.ts';
import { invalidValue } from './field-error.ts';

/** A rule in CEL over `self`, and over `oldSelf` if it is about changes. */
export type SchemaRule = { readonly rule: string; readonly message?: string };

const environment = new Environment({ enableOptionalTypes: true, unlistedVariablesAreDyn: true });

/** What rules of a schema a value breaks. Rules on changes are silent about what is new. */
export function checkRules(self: unknown, oldSelf: unknown, rules: readonly SchemaRule[], path: string): StatusCause[] {
  const applicable = rules.filter(({ rule }) => oldSelf !== undefined || !rule.includes('oldSelf'));
  return applicable.flatMap(({ rule, message }) => {
    const holds = environment.evaluate(rule, { self: toCel(self), oldSelf: toCel(oldSelf) }) === true;
    const said = message ?? `failed rule: ${rule}`;
    return holds ? [] : [invalidValue(path, typeof self === 'object' ? 'object' : self, said)];
  });
}

/** Whole numbers are integers to CEL, which has two kinds of numbers. */
export function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, toCel(child)]));
}
