/** Cuts known secret values out of texts that leave the process: logs, job logs, progress, failures. */
export type Redactor = {
  /** Remembers values, for whoever works just now; short ones are ignored, since they would cut innocent text to pieces. */
  add(...values: readonly (string | undefined)[]): void;
  redact(text: string): string;
  /** Forgets what was remembered for this holder and for nobody else. */
  forget(holder: string): void;
};

export type RedactorOptions = {
  /** How many forms of secrets are remembered before the oldest is forgotten. */
  readonly maxForms?: number;
  /** For whom a value is remembered; undefined for the process itself, which never forgets. */
  readonly holder?: () => string | undefined;
};

const MIN_LENGTH = 6;
const MAX_FORMS = 10_000;
/** What stands where a secret was. */
export const SECRET_PLACEHOLDER = '[secret]';
const PROCESS = '';

export function createRedactor({ maxForms = MAX_FORMS, holder = () => undefined }: RedactorOptions = {}): Redactor {
  const holders = new Map<string, Set<string>>();
  // The longest first: a secret that contains another must not be cut in two.
  let longestFirst: readonly string[] | undefined;
  const forms = () => {
    longestFirst ??= [...holders.keys()].sort((one, other) => other.length - one.length);
    return longestFirst;
  };
  const remember = (form: string, by: string): void => {
    const known = holders.get(form) ?? new Set();
    // Deleting first makes it the youngest.
    holders.delete(form);
    holders.set(form, known.add(by));
  };
  return {
    add(...values) {
      const by = holder() ?? PROCESS;
      const secrets = values.filter((value): value is string => value !== undefined && value.length >= MIN_LENGTH);
      for (const form of secrets.flatMap(formsOf)) remember(form, by);
      for (const oldest of [...holders.keys()].slice(0, Math.max(0, holders.size - maxForms))) holders.delete(oldest);
      longestFirst = undefined;
    },
    redact(text) {
      let clean = text;
      for (const form of forms()) if (clean.includes(form)) clean = clean.replaceAll(form, SECRET_PLACEHOLDER);
      return clean;
    },
    forget(by) {
      for (const [form, known] of holders) if (known.delete(by) && known.size === 0) holders.delete(form);
      longestFirst = undefined;
    },
  };
}

/** A secret as it may appear: itself, in a URL or form body, inside JSON and JSON in JSON, and alone in base64. */
function formsOf(value: string): string[] {
  const url = encodeURIComponent(value);
  const form = new URLSearchParams({ '': value }).toString().slice(1);
  const json = inJson(value);
  const base64 = Buffer.from(value).toString('base64');
  return [...new Set([value, url, form, json, inJson(json), base64])];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
