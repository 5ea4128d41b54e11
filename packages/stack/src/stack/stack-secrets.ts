import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What the parts of the stack share and nobody else may read. */
export type StackSecrets = { readonly secretsKey: string; readonly databasePassword: string; readonly apiKey: string };

const VARIABLES = { secretsKey: 'WCR_SECRETS_KEY', databasePassword: 'WCR_DATABASE_PASSWORD', apiKey: 'WCR_API_KEY' } as const;
type Environment = Readonly<Record<string, string | undefined>>;

/** Makes the secrets once and reads them ever after; a variable of the environment goes before the file. */
export function ensureSecrets(file: string, env: Environment): StackSecrets {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    const fresh = { secretsKey: hex(32), databasePassword: hex(16), apiKey: `wcr_${hex(20)}` };
    const lines = Object.entries(VARIABLES).map(([name, variable]) => `${variable}=${fresh[name as keyof StackSecrets]}\n`);
    writeFileSync(file, lines.join(''), { mode: 0o600 });
  }
  const stored = new Map(
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const read = (variable: string): string => {
    const value = env[variable] || stored.get(variable);
    if (!value) throw new Error(`${file} lacks ${variable}; delete the file to have new secrets made.`);
    return value;
  };
  return {
    secretsKey: read(VARIABLES.secretsKey),
    databasePassword: read(VARIABLES.databasePassword),
    apiKey: read(VARIABLES.apiKey),
  };
}

function hex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
