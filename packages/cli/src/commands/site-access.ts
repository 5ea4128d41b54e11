import { readSiteSecrets, usage } from '../config/cli-config.ts';
import type { Surroundings } from '../session.ts';
import { askSecret, readSecretLine } from '../terminal/prompts.ts';
import { isInteractive } from '../terminal/terminal.ts';

/** Options that say how a site is opened. The secrets themselves are no options: process arguments are no place for them. */
export type SiteOptions = {
  readonly username?: string | undefined;
  readonly passwordStdin?: boolean | undefined;
  readonly pairingKeyStdin?: boolean | undefined;
  readonly httpAuthUser?: string | undefined;
  readonly loginUrl?: string | undefined;
};

export type SiteAccess = {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly pairingKey?: string;
  readonly loginUrl?: string;
  readonly httpAuth?: { readonly username: string; readonly password: string };
};

type Asking = Pick<Surroundings, 'terminal' | 'env'>;

/**
 * A site and what opens it: secrets come from standard input, the environment, or are asked for.
 * Without a user name and pairing key nothing is sent: the service may know the site's pairing key already.
 * @throws AppError `cli.usage`, `cli.interrupted`
 */
export async function readSiteAccess(url: string, options: SiteOptions, asking: Asking): Promise<SiteAccess> {
  assertFits(options);
  const { username, loginUrl } = options;
  const secrets = readSiteSecrets(asking.env);
  const pairingKey = options.pairingKeyStdin ? await readSecretLine(asking.terminal) : secrets.pairingKey;
  const password = username === undefined ? undefined : await readPassword(username, options, asking);
  const httpAuth = await readHttpAuth(options, asking);
  return {
    url,
    ...(username !== undefined && password !== undefined && { username, password }),
    ...(pairingKey !== undefined && { pairingKey }),
    ...(loginUrl !== undefined && { loginUrl }),
    ...(httpAuth !== undefined && { httpAuth }),
  };
}

function assertFits({ username, passwordStdin, pairingKeyStdin }: SiteOptions): void {
  if (passwordStdin && pairingKeyStdin) throw usage('Standard input holds one secret: --password-stdin or --pairing-key-stdin.');
  if (passwordStdin && username === undefined) throw usage('--password-stdin goes together with --username.');
}

async function readPassword(username: string, { passwordStdin }: SiteOptions, asking: Asking): Promise<string> {
  if (passwordStdin) return readSecretLine(asking.terminal);
  const { password } = readSiteSecrets(asking.env);
  return password ?? ask(asking, `Password of ${username}?`, '--password-stdin, or set WCR_SITE_PASSWORD');
}

async function readHttpAuth({ httpAuthUser: username }: SiteOptions, asking: Asking): Promise<SiteAccess['httpAuth']> {
  if (username === undefined) return undefined;
  const password =
    readSiteSecrets(asking.env).httpPassword ?? (await ask(asking, `HTTP password of ${username}?`, 'WCR_SITE_HTTP_PASSWORD'));
  return { username, password };
}

function ask({ terminal }: Asking, message: string, instead: string): Promise<string> {
  if (isInteractive(terminal)) return askSecret(terminal, message);
  throw usage(`Nobody can be asked for a password here: give ${instead}.`);
}
