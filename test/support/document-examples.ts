import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A shell example of a document, and what the document says that its output looks like. */
export type Example = { readonly line: number; readonly script: string; readonly output: unknown };

const FENCE = /^```(sh|json)\n([\s\S]*?)^```$/gm;

/** The shell examples of a Markdown document in their order; JSON that follows one is its output. */
export function examplesOf(root: string, document: string): Example[] {
  const text = readFileSync(join(root, document), 'utf8');
  const examples: { line: number; script: string; output: unknown }[] = [];
  for (const { 1: kind, 2: body = '', index } of text.matchAll(FENCE)) {
    const last = examples.at(-1);
    if (kind === 'sh') examples.push({ line: text.slice(0, index).split('\n').length, script: body, output: undefined });
    else if (last !== undefined) last.output = JSON.parse(body);
  }
  return examples;
}

/**
 * Where an output is not what a document shows: a field that isn't there, or is of another type. Values may differ: those of a document
 * stand for any.
 */
export function mismatches(shown: unknown, real: unknown, path = ''): string[] {
  if (typeOf(shown) !== typeOf(real)) return [`${path || 'the output'} is ${typeOf(real)}, the document shows ${typeOf(shown)}`];
  if (typeOf(shown) !== 'object') return [];
  const fields = real as Record<string, unknown>;
  return Object.entries(shown as object).flatMap(([name, value]) => mismatches(value, fields[name], `${path}.${name}`));
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}
