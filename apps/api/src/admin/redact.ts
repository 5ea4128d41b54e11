import { createRedactor, type Redactor, SECRET_PLACEHOLDER } from '@wcr/shared/telemetry/redactor';

/** Fields whose value is a secret by their name, wherever they are. `secretRef` only names where one is sealed. */
const SECRET_FIELD =
  /pass(word|wd|phrase)|^pwd$|secret(?!refs?$)|token|authori[sz]ation|cookie|credential|httpauth|(pairing|private|api|access|secrets)[-_ ]?key$/i;

/** Secrets by their look, in any text: each pattern keeps what stands in front of the secret. */
const SECRET_TEXTS: readonly RegExp[] = [
  // https://user:password@host
  /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"'<>]+(?=@)/gi,
  /(\b(?:bearer|basic)\s+)[\w+/=.~-]{8,}/gi,
  // password=…, "token": "…", also within JSON in a string
  /((?:password|passwd|pwd|passphrase|secret|token|api[-_]?key|pairing[-_]?key|authorization|cookie)\\?["']?\s*[:=]\s*\\?["']?(?!\[secret\]|bearer|basic))[^\s"'\\&,;<>}]+/gi,
  // Pairing and sealing keys; a token that is signed; an application password as WordPress shows it.
  /()\b[0-9a-f]{64}\b/gi,
  /()\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+/g,
  /()\b(?=[a-z ]*\d)[a-z0-9]{4}(?: [a-z0-9]{4}){5,}\b/gi,
];

export type Redact = (answer: unknown) => unknown;

/**
 * Makes what cuts secrets out of an answer before it leaves: whatever stands in a field with a telling name, that same value
 * wherever else in the answer it stands, what looks like a secret, and the values that are known.
 * @param known secrets of this process
 */
export function createRedact(known: readonly (string | undefined)[]): Redact {
  return (answer) => {
    const secrets = createRedactor();
    secrets.add(...known);
    collectSecrets(answer, secrets);
    return redact(answer, (text) => cleanText(text, secrets));
  };
}

function collectSecrets(value: unknown, found: Redactor, isSecret = false): void {
  if (typeof value === 'string' && isSecret) found.add(value);
  if (typeof value !== 'object' || value === null) return;
  for (const [field, inner] of Object.entries(value)) collectSecrets(inner, found, isSecret || isSecretField(value, field));
}

function redact(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map((item) => redact(item, clean));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([field, inner]) => {
    const isHidden = isSecretField(value, field) && inner !== null && inner !== undefined;
    return [clean(field), isHidden ? SECRET_PLACEHOLDER : redact(inner, clean)];
  });
  return Object.fromEntries(fields);
}

/** The numbers of a list are no names. */
function isSecretField(owner: object, field: string): boolean {
  return !Array.isArray(owner) && SECRET_FIELD.test(field);
}

function cleanText(text: string, secrets: Redactor): string {
  return SECRET_TEXTS.reduce((clean, pattern) => clean.replace(pattern, `$1${SECRET_PLACEHOLDER}`), secrets.redact(text));
}
