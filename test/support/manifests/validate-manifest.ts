import { Ajv, type ValidateFunction } from 'ajv';
import { KNOWN_MODELS, type KnownModel } from './known-models.ts';
import type { Manifest } from './manifest.ts';
import { OWN_SCHEMAS } from './own-schemas.ts';
import { findUnreadFields } from './unread-fields.ts';

const ajv = new Ajv({ allErrors: true, strict: false });
const models = new Map(KNOWN_MODELS.map((model) => [`${model.apiVersion} ${model.kind}`, model]));
const own = new Map([...OWN_SCHEMAS].map(([name, schema]) => [name, ajv.compile(schema)]));

/** What is wrong with an object, by the schema of its kind; a field the schema does not know is wrong, as is an unknown kind. */
export function validateManifest(manifest: Manifest): string[] {
  const name = `${manifest.apiVersion} ${manifest.kind}`;
  const model = models.get(name);
  if (model) return validateByModel(manifest, model);
  const validator = own.get(name);
  if (validator) return validateBySchema(manifest, validator);
  return [`nothing is known of ${name}`];
}

/** What is wrong with a value by a schema that was compiled. */
export function validateBySchema(value: unknown, validator: ValidateFunction): string[] {
  if (validator(value)) return [];
  return (validator.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
  );
}

/** kustomize breaks long values of a Secret into lines, over which Kubernetes passes; the schema does not. */
function unfolded(manifest: Manifest): Manifest {
  if (manifest.kind !== 'Secret') return manifest;
  const values = Object.entries<string>(manifest['data'] ?? {}).map(([key, value]) => [key, value.replaceAll(/\s/g, '')]);
  return { ...manifest, data: Object.fromEntries(values) };
}

function validateByModel(manifest: Manifest, model: KnownModel): string[] {
  const problems: string[] = [];
  const unread = findUnreadFields(unfolded(manifest), (watched) => {
    try {
      model.prototype.validate.call(watched);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  });
  return [...problems, ...unread.map((path) => `${path} is not a known field`)];
}
