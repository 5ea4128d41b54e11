import type { StatusCause } from '../http/status-error.ts';
import type { Kind } from '../kinds/kind.ts';
import type { KubeObject } from '../storage/kube-object.ts';
import { forbiddenValue, invalidValue, required } from './field-error.ts';

const LABEL_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const FORMS = {
  subdomain: {
    pattern: SUBDOMAIN,
    maxLength: 253,
    words:
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  },
  label: {
    pattern: LABEL_NAME,
    maxLength: 63,
    words:
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  },
  path: { pattern: /^(?!\.\.?$)[^/%]+$/, maxLength: 253, words: "may not be '.' or '..' and may not contain '/' or '%'" },
} as const;

/** Whether a text may be the name of a part of an object, such as a container or a port. */
export function isLabelName(text: string): boolean {
  return text.length <= 63 && LABEL_NAME.test(text);
}

/** What is wrong with an object's metadata; `before` is what it was. */
export function checkMetadata(kind: Kind, { metadata }: KubeObject, before: KubeObject | undefined): StatusCause[] {
  return [
    ...(before === undefined ? checkName(kind, metadata.name) : []),
    ...checkLabels(metadata.labels ?? {}, 'metadata.labels'),
    ...checkAnnotations(metadata.annotations ?? {}),
    ...checkFinalizers(metadata.finalizers ?? [], before),
    ...checkOwners(metadata.ownerReferences ?? []),
  ];
}

function checkName({ nameForm }: Kind, name: string): StatusCause[] {
  const { pattern, maxLength, words } = FORMS[nameForm];
  if (name.length > maxLength) return [invalidValue('metadata.name', name, `must be no more than ${maxLength} characters`)];
  return pattern.test(name) ? [] : [invalidValue('metadata.name', name, words)];
}

/** @param field where the labels are, such as `spec.template.labels` */
export function checkLabels(labels: Readonly<Record<string, string>>, field: string): StatusCause[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...checkQualifiedName(key, field),
    ...(LABEL_VALUE.test(value) && value.length <= 63
      ? []
      : [
          invalidValue(
            field,
            value,
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'",
          ),
        ]),
  ]);
}

function checkQualifiedName(key: string, field: string): StatusCause[] {
  const [name = '', prefix] = key.split('/').toReversed();
  const prefixFits = prefix === undefined || (SUBDOMAIN.test(prefix) && prefix.length <= 253);
  const fits = key.split('/').length <= 2 && QUALIFIED_NAME.test(name) && name.length <= 63 && prefixFits;
  return fits ? [] : [invalidValue(field, key, 'name part must consist of alphanumeric characters, "-", "_" or "."')];
}

function checkAnnotations(annotations: Readonly<Record<string, string>>): StatusCause[] {
  const names = Object.keys(annotations).flatMap((key) => checkQualifiedName(key.toLowerCase(), 'metadata.annotations'));
  const sizeBytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value), 0);
  const tooLong = {
    reason: 'FieldValueTooLong',
    message: 'Too long: may not be more than 262144 bytes',
    field: 'metadata.annotations',
  };
  return sizeBytes > 262_144 ? [...names, tooLong] : names;
}

function checkFinalizers(finalizers: readonly string[], before: KubeObject | undefined): StatusCause[] {
  const old = before?.metadata.finalizers ?? [];
  const added = finalizers.filter((name) => !old.includes(name));
  const named = added.flatMap((name) => checkQualifiedName(name, 'metadata.finalizers'));
  if (before?.metadata.deletionTimestamp === undefined || added.length === 0) return named;
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`;
  return [...named, forbiddenValue('metadata.finalizers', why)];
}

function checkOwners(owners: readonly Partial<Record<string, unknown>>[]): StatusCause[] {
  const fields = ['apiVersion', 'kind', 'name', 'uid'];
  const missing = owners.flatMap((owner, index) =>
    fields.filter((name) => !owner[name]).map((name) => required(`metadata.ownerReferences[${index}].${name}`)),
  );
  const controllers = owners.filter((owner) => owner['controller'] === true).length;
  const two = invalidValue('metadata.ownerReferences', controllers, 'Only one reference can have Controller set to true');
  return controllers > 1 ? [...missing, two] : missing;
}
