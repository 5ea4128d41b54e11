import { badRequest } from '../http/status-error.ts';
import type { KubeObject } from '../storage/kube-object.ts';

/** Says whether an object is meant. */
export type Selector = (object: KubeObject) => boolean;

/**
 * Reads `labelSelector`: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, joined by commas.
 *
 * @throws StatusError 400
 */
export function parseLabelSelector(text: string): Selector {
  const terms = (text.match(/(?:[^,(]+\([^)]*\)|[^,]+)/g) ?? []).map((term) => term.trim()).filter((term) => term !== '');
  const tests = terms.map(parseLabelTerm);
  return ({ metadata }) => tests.every((test) => test(metadata.labels ?? {}));
}

type LabelTest = (labels: Readonly<Record<string, string>>) => boolean;

function parseLabelTerm(term: string): LabelTest {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return (labels) => values.includes(labels[key] ?? '\0') === (operator === 'in');
  }
  const equality = /^([^!=\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(term);
  if (equality !== null) {
    const [, key = '', operator, value] = equality;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  if (/^!\s*[\w./-]+$/.test(term)) return (labels) => labels[term.slice(1).trim()] === undefined;
  if (/^[\w./-]+$/.test(term)) return (labels) => labels[term] !== undefined;
  throw badRequest(`unable to parse requirement: found '${term}', expected: an operator`);
}

/** Fields that may be selected by, and how to read them. */
const SELECTABLE: Readonly<Record<string, (object: KubeObject) => unknown>> = {
  'metadata.name': ({ metadata }) => metadata.name,
  'metadata.namespace': ({ metadata }) => metadata.namespace,
  'status.phase': ({ status }) => status?.['phase'],
  'spec.nodeName': ({ spec }) => spec?.['nodeName'],
  'involvedObject.name': (object) => (object['involvedObject'] as Record<string, unknown> | undefined)?.['name'],
  'involvedObject.uid': (object) => (object['involvedObject'] as Record<string, unknown> | undefined)?.['uid'],
  'involvedObject.kind': (object) => (object['involvedObject'] as Record<string, unknown> | undefined)?.['kind'],
  reason: (object) => object['reason'],
  type: (object) => object['type'],
};

/** @throws StatusError 400 for a field that objects cannot be selected by */
export function parseFieldSelector(text: string): Selector {
  const tests = text
    .split(',')
    .filter((term) => term !== '')
    .map(parseFieldTerm);
  return (object) => tests.every((test) => test(object));
}

function parseFieldTerm(term: string): Selector {
  const [, field = '', operator, value] = /^([^!=]+)(==|=|!=)(.*)$/.exec(term) ?? [];
  const read = SELECTABLE[field];
  if (read === undefined) throw badRequest(`Unable to find a field selector: field label not supported: ${field || term}`);
  return (object) => ((read(object) ?? '') === value) === (operator !== '!=');
}
