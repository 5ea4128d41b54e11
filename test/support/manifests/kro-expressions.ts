import { Environment } from '@marcbachmann/cel-js';

/** As kro sets it up: the values of a map or list may differ in type. */
const cel = new Environment({ enableOptionalTypes: true, unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });
export type Scope = Readonly<Record<string, unknown>>;

/** A piece of a text: an expression without its braces, or what stands beside it. */
type Piece = { readonly text: string; readonly isExpression: boolean };

/** The expressions within a text, without their braces. */
export function expressionsIn(text: string): string[] {
  return piecesOf(text)
    .filter(({ isExpression }) => isExpression)
    .map((piece) => piece.text);
}

function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', at)) {
    const end = endOf(text, start + 2);
    pieces.push({ text: text.slice(at, start), isExpression: false });
    pieces.push({ text: text.slice(start + 2, end), isExpression: true });
    at = end + 1;
  }
  pieces.push({ text: text.slice(at), isExpression: false });
  return pieces.filter((piece) => piece.text !== '');
}

/** Where the brace stands that closes an expression; those within quotes or of maps do not. */
function endOf(text: string, from: number): number {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}]/g;
  tokens.lastIndex = from;
  let depth = 1;
  for (let token = tokens.exec(text); token !== null; token = tokens.exec(text)) {
    if (token[0] === '{') depth += 1;
    if (token[0] === '}') depth -= 1;
    if (depth === 0) return token.index;
  }
  throw new Error(`an expression does not end: ${text}`);
}

/** All expressions of a template, however deep. */
export function expressionsOf(template: unknown): string[] {
  if (typeof template === 'string') return expressionsIn(template);
  if (typeof template !== 'object' || template === null) return [];
  return Object.values(template).flatMap(expressionsOf);
}

/** Which of some variables an expression names; what stands within quotes or behind a dot is none. */
export function variablesOf(expression: string, known: Iterable<string>): string[] {
  const bare = expression.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  return [...known].filter((name) => new RegExp(`(?<![.\\w])${name}(?!\\w)`).test(bare));
}

/** Thrown for an expression that speaks of a field which is not there yet. */
export class NotYet extends Error {}

/** The value of an expression. @throws NotYet while something is missing, Error when the expression is wrong */
export function evaluate(expression: string, scope: Scope): unknown {
  try {
    return fromCel(cel.evaluate(expression, toCel(scope) as Record<string, unknown>));
  } catch (error) {
    if (error instanceof Error && error.message.includes('No such key')) throw new NotYet(error.message);
    throw error;
  }
}

/** A template with its expressions replaced. One that stands alone keeps its type; beside other text it must be text. */
export function fill(template: unknown, scope: Scope): unknown {
  if (typeof template === 'string') return fillText(template, scope);
  if (Array.isArray(template)) return template.map((item) => fill(item, scope));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fill(value, scope)]));
}

function fillText(text: string, scope: Scope): unknown {
  const pieces = piecesOf(text);
  const [first] = pieces;
  if (pieces.length === 1 && first?.isExpression) return evaluate(first.text, scope);
  return pieces.map((piece) => (piece.isExpression ? fillWithin(piece.text, scope) : piece.text)).join('');
}

function fillWithin(expression: string, scope: Scope): string {
  const value = evaluate(expression, scope);
  if (typeof value !== 'string') throw new Error(`beside text, ${expression} must be text`);
  return value;
}

/** CEL tells integers from other numbers. */
function toCel(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toCel(item)]));
}

function fromCel(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(fromCel);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, fromCel(item)]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromCel(item)]));
}
