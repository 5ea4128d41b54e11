import { z } from 'zod';

type Key = { readonly env: string; readonly doc: string; readonly schema: z.ZodType };
/** One fragment of configuration: every key with its schema (and default), environment name and sentence for the docs. */
export type ConfigDefinition = Readonly<Record<string, Key>>;
export type Config<D extends ConfigDefinition> = { readonly [K in keyof D]: z.infer<D[K]['schema']> };

/**
 * Reads a definition from an environment. An empty variable counts as unset.
 * @throws Error that names every variable that is missing or wrong, with its doc sentence; values are not repeated.
 */
export function parseEnv<D extends ConfigDefinition>(
  definition: D,
  env: Readonly<Record<string, string | undefined>>,
): Config<D> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, key] of Object.entries(definition)) {
    const parsed = key.schema.safeParse(env[key.env] || undefined);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${key.env}: ${parsed.error.issues.map((issue) => issue.message).join('; ')} (${key.doc})`);
  }
  if (problems.length > 0) throw new Error(`The configuration is not usable:\n  ${problems.join('\n  ')}`);
  return values as Config<D>;
}

const HEX_KEY = /^[0-9a-f]{64}$/i;

/** Schemas that environment variables share. */
export const envSchemas = {
  port: z.coerce.number().int().min(0).max(65535),
  count: z.coerce.number().int().min(0),
  flag: z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1'),
  hexKey: z.string().regex(HEX_KEY, 'must be 64 hex digits'),
  hexKeys: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((key) => key.trim())
        .filter((key) => key !== ''),
    )
    .refine((keys) => keys.every((key) => HEX_KEY.test(key)), 'each must be 64 hex digits'),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
};
