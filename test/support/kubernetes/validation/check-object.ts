import { badRequest, invalid, type StatusCause } from '../http/status-error.ts';
import { isCustom, type Kind } from '../kinds/kind.ts';
import { type Fields, isFields, type KubeObject } from '../storage/kube-object.ts';
import { findTypeProblems, type TypeFinding } from './attribute-types.ts';
import { checkBuiltin } from './check-builtin.ts';
import { checkMetadata } from './check-metadata.ts';
import { checkSchema, findUnknownFields } from './json-schema.ts';

/**
 * Refuses what cannot be read as the kind at all. A real server drops unknown fields unless it is asked to be strict; the
 * stand-in is always strict, for a dropped field is a misspelt one.
 *
 * @throws StatusError 400
 */
export function checkDecodable(kind: Kind, object: Fields): void {
  const findings = isCustom(kind) ? customFindings(kind, object) : findTypeProblems(object, kind.type ?? 'any');
  const unknown = findings.filter(({ problem }) => problem === 'unknown').map(({ at }) => `unknown field "${at}"`);
  const [mistyped] = findings.filter(({ problem }) => problem === 'mistyped');
  if (mistyped !== undefined) {
    const { at, expected } = mistyped;
    throw badRequest(
      `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: json: cannot unmarshal field ${at} into Go value of type ${expected}`,
    );
  }
  if (unknown.length > 0) throw badRequest(`strict decoding error: ${unknown.join(', ')}`);
}

function customFindings(kind: Kind, { apiVersion: _apiVersion, kind: _kind, metadata, ...fields }: Fields): TypeFinding[] {
  const meta = findTypeProblems(metadata, 'V1ObjectMeta', 'metadata');
  if (kind.schema === undefined) return meta;
  const unknown = findUnknownFields(fields, kind.schema);
  return [...meta, ...unknown.map((at) => ({ at, problem: 'unknown' as const, expected: '' }))];
}

/**
 * Refuses what breaks a rule of the kind.
 *
 * @param before what the object was, unless it is new
 * @throws StatusError 422 with a cause for each field
 */
export function checkValid(kind: Kind, object: KubeObject, before: KubeObject | undefined): void {
  const own = isCustom(kind)
    ? checkCustom(kind, object, before)
    : [...checkModel(kind, object), ...checkBuiltin(kind, object, before)];
  const causes = unique([...checkMetadata(kind, object, before), ...own]);
  if (causes.length > 0) throw invalid(kind, object.metadata.name, causes);
}

function checkCustom(
  { schema }: Kind,
  { metadata: _metadata, ...object }: KubeObject,
  before: KubeObject | undefined,
): StatusCause[] {
  return schema === undefined ? [] : checkSchema(object, schema, '', before);
}

type ModelError = { readonly instancePath: string; readonly keyword: string; readonly params: Fields; readonly message?: string };

function checkModel({ model: Model }: Kind, object: KubeObject): StatusCause[] {
  if (Model === undefined) return [];
  try {
    new Model(object as never).validate();
    return [];
  } catch (error) {
    const errors = isFields(error) && Array.isArray(error['errors']) ? (error['errors'] as ModelError[]) : [];
    if (errors.length === 0) throw error;
    return errors.map((one) => toCause(one, object));
  }
}

function toCause({ instancePath, keyword, params, message = '' }: ModelError, object: KubeObject): StatusCause {
  const names = instancePath.split('/').slice(1);
  const missing = keyword === 'required' ? [String(params['missingProperty'])] : [];
  const field = [...names, ...missing]
    .map((name, index) => (/^\d+$/.test(name) ? `[${name}]` : `${index === 0 ? '' : '.'}${name}`))
    .join('');
  if (keyword === 'required') return { reason: 'FieldValueRequired', message: 'Required value', field };
  const value = names.reduce<unknown>((at, name) => (at as Fields | undefined)?.[name], object);
  const reason = keyword === 'enum' ? 'FieldValueNotSupported' : 'FieldValueInvalid';
  return { reason, message: `Invalid value: ${JSON.stringify(value)}: ${message}`, field };
}

function unique(causes: readonly StatusCause[]): StatusCause[] {
  return causes.filter(
    (cause, index) => causes.findIndex(({ field, reason }) => field === cause.field && reason === cause.reason) === index,
  );
}
