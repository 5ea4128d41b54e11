/** Cuts known secret values out of texts that leave the process: logs, job logs, progress, failures. */
export type Redactor = {
  /** Remembers values; short ones are ignored, since they would cut innocent text to pieces. */
  add(...values: readonly (string | undefined)[]): void;
  redact(text: string): string;
};

const MIN_LENGTH = 6;
const MAX_FORMS = 10_000;
const PLACEHOLDER = '[secret]';

/** @param maxForms how many forms of secrets are remembered before the oldest is forgotten */
export function createRedactor(maxForms: number = MAX_FORMS): Redactor {
  const forms = new Set<string>();
  const remember = (form: string): void => {
    // Deleting first makes it the youngest.
    forms.delete(form);
    forms.add(form);
  };
  return {
    add(...values) {
      const secrets = values.filter((value): value is string => value !== undefined && value.length >= MIN_LENGTH);
      for (const form of secrets.flatMap(formsOf)) remember(form);
      for (const oldest of [...forms].slice(0, Math.max(0, forms.size - maxForms))) forms.delete(oldest);
    },
    redact(text) {
      let clean = text;
      for (const form of forms) if (clean.includes(form)) clean = clean.replaceAll(form, PLACEHOLDER);
      return clean;
    },
  };
}

/** A secret as it may appear: itself, in a URL or form body, inside JSON, and alone in base64. */
function formsOf(value: string): string[] {
  const url = encodeURIComponent(value);
  const form = new URLSearchParams({ '': value }).toString().slice(1);
  const json = JSON.stringify(value).slice(1, -1);
  const base64 = Buffer.from(value).toString('base64');
  // The longest first: a form that contains another must not be cut in two.
  return [...new Set([value, url, form, json, base64])].sort((one, other) => other.length - one.length);
}
