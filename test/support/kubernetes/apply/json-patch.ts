import { badRequest, StatusError } from '../http/status-error.ts';
import { isFields, isSame } from '../storage/kube-object.ts';

type Operation = { readonly op: string; readonly path: string; readonly from?: string; readonly value?: unknown };

/**
 * The document after an RFC 6902 patch; the document given stays as it is.
 *
 * @throws StatusError 400 for what is no patch, 422 for one that cannot be carried out
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch) || !patch.every(isOperation)) {
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  }
  const root = { document: structuredClone(document) };
  for (const operation of patch) carryOut(root, operation);
  return root.document;
}

function isOperation(value: unknown): value is Operation {
  return isFields(value) && typeof value['op'] === 'string' && typeof value['path'] === 'string';
}

function carryOut(root: { document: unknown }, { op, path, from, value }: Operation): void {
  const elements = ['document', ...parsePointer(path)];
  const source = ['document', ...parsePointer(from ?? '')];
  switch (op) {
    case 'add':
      add(root, elements, structuredClone(value));
      break;
    case 'remove':
      take(root, elements, path);
      break;
    case 'replace':
      replace(root, elements, path, structuredClone(value));
      break;
    case 'test':
      if (!isSame(read(root, elements), value)) throw refused(`testing value ${path} failed: test failed`);
      break;
    case 'copy':
      add(root, elements, structuredClone(readPresent(root, source, from ?? '')));
      break;
    case 'move':
      add(root, elements, take(root, source, from ?? ''));
      break;
    default:
      throw badRequest(`Unexpected kind: ${op}`);
  }
}

function replace(root: unknown, elements: readonly string[], path: string, value: unknown): void {
  readPresent(root, elements, path, 'replace');
  const parent = read(root, elements.slice(0, -1));
  if (Array.isArray(parent)) parent[Number(elements.at(-1))] = value;
  else if (isFields(parent)) parent[elements.at(-1) ?? ''] = value;
}

function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer
    .split('/')
    .slice(1)
    .map((element) => element.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(root: unknown, elements: readonly string[]): unknown {
  let at = root;
  for (const element of elements) {
    if (Array.isArray(at)) at = at[Number(element)];
    else at = isFields(at) ? at[element] : undefined;
  }
  return at;
}

function readPresent(root: unknown, elements: readonly string[], path: string, operation = 'copy'): unknown {
  const value = read(root, elements);
  if (value === undefined) throw missing(operation, path);
  return value;
}

function add(root: unknown, elements: readonly string[], value: unknown): void {
  const parent = read(root, elements.slice(0, -1));
  const last = elements.at(-1) ?? '';
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    if (!(index >= 0 && index <= parent.length)) throw missing('add', last);
    parent.splice(index, 0, value);
  } else if (isFields(parent)) parent[last] = value;
  else throw missing('add', elements.slice(1).join('/'));
}

function take(root: unknown, elements: readonly string[], path: string): unknown {
  const value = read(root, elements);
  const parent = read(root, elements.slice(0, -1));
  const last = elements.at(-1) ?? '';
  if (value === undefined) throw missing('remove', path);
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (isFields(parent)) delete parent[last];
  return value;
}

function missing(operation: string, path: string): StatusError {
  return refused(`${operation} operation does not apply: doc is missing path: ${path}: missing value`);
}

function refused(why: string): StatusError {
  return new StatusError(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`, {});
}
