import { Environment } from '@marcbachmann/cel-js';
import { type Fields, isFields } from '../../storage/kube-object.ts';
import { toCel } from '../../validation/schema-rules.ts';

/** What expressions may speak of: `schema` and the resources by their ids, as plain JSON. */
export type Scope = Readonly<Record<string, unknown>>;

const environment = new Environment({
  enableOptionalTypes: true,
  unlistedVariablesAreDyn: true,
  // As kro sets it up: the values of a map or list may differ in type.
  homogeneousAggregateLiterals: false,
});

/** Thrown for an expression that speaks of something which is not there yet: kro waits for it, as long as it takes. */
export class NotYet extends Error {}
const MISSING = /No such key|Unknown variable/;

type Part = { readonly type: 'text' | 'expression'; readonly text: string };

/**
 * A template with its expressions evaluated. A text that is one expression becomes what that gives, whatever it is.
 *
 * @throws NotYet if something an expression speaks of is not there, Error if one is wrong
 */
export function evaluateTemplate(template: unknown, scope: Scope): unknown {
  if (typeof template === 'string') return evaluateText(template, scope);
  if (Array.isArray(template)) return template.map((item) => evaluateTemplate(item, scope));
  if (!isFields(template)) return template;
  // Keys are taken as they stand.
  return Object.fromEntries(Object.entries(template).map(([name, value]) => [name, evaluateTemplate(value, scope)]));
}

function evaluateText(text: string, scope: Scope): unknown {
  const parts = splitText(text);
  const [only] = parts;
  if (parts.length === 1 && only?.type === 'expression') return evaluate(only.text, scope);
  return parts.map((part) => (part.type === 'text' ? part.text : asText(evaluate(part.text, scope), part.text))).join('');
}

function asText(value: unknown, expression: string): string {
  if (typeof value !== 'string') throw new Error(`expression inside a text must give a text: ${expression}`);
  return value;
}

function evaluate(expression: string, scope: Scope): unknown {
  try {
    return fromCel(environment.evaluate(expression, toCel(scope) as Record<string, unknown>));
  } catch (error) {
    if (error instanceof Error && MISSING.test(error.message)) throw new NotYet(error.message);
    throw error;
  }
}

/** @param condition exactly one `${…}` */
export function holds(condition: string, scope: Scope): boolean {
  return evaluateText(condition, scope) === true;
}

/** @throws Error for an expression that cannot be parsed */
export function assertParses(template: unknown): void {
  for (const expression of expressionsIn(template)) environment.parse(expression);
}

/** All expressions of a template. */
export function expressionsIn(template: unknown): string[] {
  if (typeof template === 'string') return splitText(template).flatMap(({ type, text }) => (type === 'expression' ? [text] : []));
  if (Array.isArray(template)) return template.flatMap(expressionsIn);
  return isFields(template) ? Object.values(template).flatMap(expressionsIn) : [];
}

/** Whether an expression speaks of a name; what stands in quotes or after a dot does not count. */
export function mentions(expression: string, name: string): boolean {
  const bare = expression.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
  return new RegExp(`(?<![\\w.?])${name}(?!\\w)`).test(bare);
}

function splitText(text: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  while (at < text.length) {
    const begin = text.indexOf('${', at);
    if (begin < 0) break;
    const end = endOfExpression(text, begin + 2);
    if (begin > at) parts.push({ type: 'text', text: text.slice(at, begin) });
    parts.push({ type: 'expression', text: text.slice(begin + 2, end) });
    at = end + 1;
  }
  if (at < text.length || parts.length === 0) parts.push({ type: 'text', text: text.slice(at) });
  return parts;
}

/** Braces within quotes and pairs of braces belong to the expression. */
function endOfExpression(text: string, from: number): number {
  const tokens = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{}]/g;
  tokens.lastIndex = from;
  let depth = 1;
  for (let token = tokens.exec(text); token !== null; token = tokens.exec(text)) {
    depth += { '{': 1, '}': -1 }[token[0]] ?? 0;
    if (depth === 0) return token.index;
  }
  throw new Error(`expression without an end: ${text.slice(from)}`);
}

function fromCel(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(fromCel);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, child]) => [String(key), fromCel(child)]));
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value as Fields).map(([name, child]) => [name, fromCel(child)]));
}
