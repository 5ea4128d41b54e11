type JsonSchema = { [keyword: string]: unknown };
type Fields = { readonly [name: string]: string | Fields };

const TYPES: Readonly<Record<string, JsonSchema>> = {
  string: { type: 'string' },
  integer: { type: 'integer' },
  boolean: { type: 'boolean' },
  float: { type: 'number' },
  object: { type: 'object' },
};
/** A marker: `name=value` with the value in quotes or up to the next space. */
const MARKER = /(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))/g;
const NUMBERS = new Set(['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems']);

/**
 * kro's short form of a schema as a JSON schema: types, defaults and the markers this project uses.
 * @throws Error for a type or marker that is not known here
 */
export function readSimpleSchema(fields: Fields): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (typeof field !== 'string') {
      properties[name] = { ...readSimpleSchema(field), default: {} };
      continue;
    }
    const { schema, isRequired } = readField(field);
    properties[name] = schema;
    if (isRequired) required.push(name);
  }
  return { type: 'object', properties, required, additionalProperties: false };
}

function readField(field: string): { schema: JsonSchema; isRequired: boolean } {
  const bar = field.indexOf('|');
  const type = (bar < 0 ? field : field.slice(0, bar)).trim();
  const schema = { ...readType(type) };
  let isRequired = false;
  for (const [, marker = '', quoted, bare = ''] of bar < 0 ? [] : field.slice(bar + 1).matchAll(MARKER)) {
    if (marker === 'required') isRequired = true;
    else Object.assign(schema, readMarker(marker, quoted ?? bare, type));
  }
  return { schema, isRequired };
}

function readType(type: string): JsonSchema {
  if (type.startsWith('[]')) return { type: 'array', items: readType(type.slice(2)) };
  const schema = TYPES[type];
  if (!schema) throw new Error(`the type ${type} is not known here`);
  return schema;
}

function readMarker(marker: string, value: string, type: string): JsonSchema {
  if (marker === 'default') return { default: type === 'string' ? value : JSON.parse(value) };
  if (marker === 'enum') return { enum: value.split(',') };
  if (marker === 'pattern') return { pattern: value };
  if (NUMBERS.has(marker)) return { [marker]: Number(value) };
  // They say something to people or to updates, nothing of a single object.
  if (marker === 'description' || marker === 'immutable') return {};
  throw new Error(`the marker ${marker} is not known here`);
}
