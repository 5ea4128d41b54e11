import { type Fields, isFields, type KubeObject } from '../../storage/kube-object.ts';
import { evaluateTemplate, holds, NotYet, type Scope } from './expressions.ts';
import type { GraphNode } from './graph.ts';

/** Which objects a node asks for; `undefined` while something it speaks of is not there yet. @throws Error for a wrong expression */
export function resolveNode(node: GraphNode, scope: Scope): Fields[] | undefined {
  return unlessMissing(() => scopesOf(node, scope).map((own) => evaluateTemplate(node.template, own) as Fields));
}

/** @returns undefined while something is missing that `work` speaks of */
export function unlessMissing<Value>(work: () => Value): Value | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof NotYet) return undefined;
    throw error;
  }
}

/** Whether the instance wants the node; one without the nodes it depends on is never wanted. */
export function isIncluded(node: GraphNode, scope: Scope, excluded: ReadonlySet<string>): boolean {
  if (node.dependencies.some((id) => excluded.has(id))) return false;
  return node.includeWhen.every((condition) => holds(condition, scope));
}

/** Whether a node's objects are as far as the graph wants them to be. Each object of a list is looked at by itself. */
export function isNodeReady(node: GraphNode, objects: readonly KubeObject[]): boolean {
  const name = node.forEach.length > 0 ? 'each' : node.id;
  return objects.every((object) => node.readyWhen.every((condition) => holdsYet(condition, { [name]: object })));
}

/** What is not there does not hold. */
function holdsYet(condition: string, scope: Scope): boolean {
  return unlessMissing(() => holds(condition, scope)) ?? false;
}

/** One scope for each combination of the values of a node's lists; without lists there is just one. */
function scopesOf({ forEach }: GraphNode, scope: Scope): Scope[] {
  let scopes: Scope[] = [scope];
  for (const dimension of forEach) {
    for (const [name, expression] of Object.entries(dimension)) {
      scopes = scopes.flatMap((one) => valuesOf(expression, one).map((value) => ({ ...one, [name]: value })));
    }
  }
  return scopes;
}

function valuesOf(expression: string, scope: Scope): unknown[] {
  const values = evaluateTemplate(expression, scope);
  if (!Array.isArray(values)) throw new Error(`forEach must give a list: ${expression}`);
  return values;
}

/** The status fields that can be told by now. */
export function evaluateStatus(template: unknown, scope: Scope): unknown {
  if (!isFields(template)) return evaluateTemplate(template, scope);
  const known: Fields = {};
  for (const [name, value] of Object.entries(template)) {
    const told = unlessMissing(() => evaluateStatus(value, scope));
    if (told !== undefined) known[name] = told;
  }
  return known;
}
