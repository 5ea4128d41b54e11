import { AppError } from '@wcr/shared/errors/app-error';
import type { z } from 'zod';
import type { ApiContext } from '../http/api-env.ts';

/** What was typed into a form, by the names of its fields: paths into the body of the same call of the API. */
export type Typed = Readonly<Record<string, string>>;

/** A form as it is shown: empty, or again with what was typed and why it did not do. */
export type FormState = {
  readonly typed: Typed;
  /** What is wrong with a field, by its name. */
  readonly problems: Readonly<Record<string, string>>;
  readonly error?: AppError | undefined;
};

export const EMPTY_FORM: FormState = { typed: {}, problems: {} };

/** The text of each field that was sent; files are none of ours. */
export async function readTyped(context: ApiContext): Promise<Typed> {
  const sent = Object.entries(await context.req.parseBody());
  return Object.fromEntries(sent.filter((field): field is [string, string] => typeof field[1] === 'string'));
}

/** The body that fields stand for: `source.url` becomes `{source: {url}}`. Fields that were left empty are not in it. */
export function nestFields(typed: Typed, names: readonly string[]): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const name of names) {
    const text = typed[name]?.trim() ?? '';
    if (text === '') continue;
    const path = name.split('.');
    const last = path.pop() ?? '';
    let place = body;
    for (const part of path) {
      place[part] ??= {};
      place = place[part] as Record<string, unknown>;
    }
    // A password may begin or end with a space.
    place[last] = isSecret(name) ? typed[name] : text;
  }
  return body;
}

/** True for a field that is never shown again. */
export function isSecret(name: string): boolean {
  return /(password|pairingkey)$/i.test(name);
}

/** Lines or words of a text area. */
export function listOf(text = ''): string[] {
  return text.split(/[\r\n,]+/).flatMap((line) => line.trim() || []);
}

/**
 * Checks the body of a form as the API checks that of a call.
 * @throws AppError `request.invalid` whose detail holds a sentence for each field under `fields`
 */
export function checkForm<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const checked = schema.safeParse(body);
  if (checked.success) return checked.data;
  const fields = Object.fromEntries(
    // Of several problems with one field the first is the plainest.
    checked.error.issues.map((issue) => [fieldOf(issue), sentenceOf(issue)] as const).reverse(),
  );
  throw new AppError('request.invalid', { reason: 'please correct what is marked.', fields });
}

/** The form to show again. */
export function refusedForm(error: AppError, typed: Typed): FormState {
  const { fields = {} } = error.detail as { fields?: Record<string, string> };
  return { typed, problems: fields, error };
}

function fieldOf({ path }: z.core.$ZodIssue): string {
  return path.filter((part) => typeof part === 'string').join('.');
}

function sentenceOf({ code, message }: z.core.$ZodIssue): string {
  return code === 'invalid_type' ? 'must not be empty' : message;
}
