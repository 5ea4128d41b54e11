import type { StatusCause } from '../http/status-error.ts';

/** Causes in the words of the API: each names one field. */
export function required(field: string, detail = ''): StatusCause {
  return { reason: 'FieldValueRequired', message: `Required value${detail === '' ? '' : `: ${detail}`}`, field };
}

export function invalidValue(field: string, value: unknown, why: string): StatusCause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}

export function notSupported(field: string, value: unknown, supported: readonly unknown[]): StatusCause {
  const values = supported.map((one) => JSON.stringify(one)).join(', ');
  return {
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${values}`,
    field,
  };
}

export function wrongType(field: string, value: unknown, type: string): StatusCause {
  const message = `Invalid value: ${JSON.stringify(value)}: ${field} in body must be of type ${type}: ${JSON.stringify(value)}`;
  return { reason: 'FieldValueTypeInvalid', message, field };
}

export function duplicate(field: string, value: unknown): StatusCause {
  return { reason: 'FieldValueDuplicate', message: `Duplicate value: ${JSON.stringify(value)}`, field };
}

export function forbiddenValue(field: string, why: string): StatusCause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field };
}
