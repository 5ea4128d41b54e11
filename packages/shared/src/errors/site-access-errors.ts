import { type Entry, entry } from './entry.ts';

const SOURCE = {
  'source.invalid_url': entry(
    400,
    false,
    'The source’s address is not usable: {reason}',
    'Give the full address of the site, e.g. https://shop.example.',
  ),
  'source.address_refused': entry(
    400,
    false,
    'The source’s address is refused: {reason}.',
    'Only sites on the public internet are reached; the operator opens private networks with WCR_ALLOWED_SOURCES.',
  ),
  'source.unreachable': entry(502, false, 'The source cannot be reached: {reason}', 'Check the address and that the site is up.'),
  'source.tls_invalid': entry(
    502,
    false,
    'The source’s TLS certificate is not valid: {reason}',
    'Renew the certificate, or use the right host name.',
  ),
  'source.redirected': entry(400, false, 'The source redirects to another host: {location}', 'Use the address it redirects to.'),
  'source.not_wordpress': entry(
    422,
    false,
    'No WordPress was found at {url}.',
    'Give the address of the site itself; if the login page is elsewhere, set loginUrl.',
  ),
  'source.http_auth_required': entry(
    401,
    false,
    'The source asks for HTTP Basic authentication.',
    'Send source.httpAuth {username, password}.',
  ),
  'source.credentials_required': entry(
    400,
    false,
    'The source is not paired and no login was given.',
    'Send username and password, or install the plugin and send its pairing key.',
  ),
  'source.credentials_rejected': entry(
    401,
    false,
    'The source rejected the username or password.',
    'Check the login; each wrong try may count towards a lock-out, so it was tried once.',
  ),
  'source.two_factor_required': entry(
    401,
    false,
    'The source asks for a second factor.',
    'Install the plugin by hand and send its pairing key instead of a password.',
  ),
  'source.captcha_required': entry(
    401,
    false,
    'The source’s login page shows a captcha.',
    'Install the plugin by hand and send its pairing key instead of a password.',
  ),
  'source.locked_out': entry(
    429,
    false,
    'The source has locked out further logins: {reason}',
    'Wait until the lock-out ends, or install the plugin by hand and send its pairing key.',
  ),
  'source.login_failed': entry(
    401,
    false,
    'The login at the source led to no session: {reason}',
    'Install the plugin by hand and send its pairing key instead of a password.',
  ),
  'source.login_page_missing': entry(
    404,
    false,
    'The source’s login page was not found at {url}.',
    'Send loginUrl; some sites move their login page.',
  ),
  'source.not_administrator': entry(403, false, 'This user may not install plugins.', 'Use the login of an administrator.'),
  'source.file_mods_disallowed': entry(
    403,
    false,
    'The source forbids installing plugins (DISALLOW_FILE_MODS).',
    'Install the plugin by hand (SSH, SFTP) and send its pairing key.',
  ),
  'source.plugin_install_failed': entry(
    502,
    true,
    'The plugin could not be installed: {reason}',
    'Install the plugin by hand and send its pairing key.',
  ),
  'source.pairing_rejected': entry(
    401,
    false,
    'The source rejected the pairing key.',
    'Copy the key again from Settings → Clone & Restore on the site.',
  ),
  'source.agent_blocked': entry(
    502,
    false,
    'The plugin is there but none of its addresses answers: {reason}',
    'A firewall or security plugin blocks it; allow requests with the header X-Wcr-Operation.',
  ),
  'source.agent_outdated': entry(
    409,
    false,
    'The plugin on the source is too old ({version}).',
    'Update the plugin, or give a login so that it can be updated.',
  ),
  'source.multisite_unsupported': entry(
    422,
    false,
    'The source is a multisite network.',
    'Multisite networks are not supported yet.',
  ),
  'source.layout_unsupported': entry(
    422,
    false,
    'The source keeps {what} outside its root folder.',
    'Such layouts are not supported yet.',
  ),
} as const satisfies Record<string, Entry>;

type SourceCode = keyof typeof SOURCE;
type TwinOf<Code> = Code extends `source.${infer Problem}` ? `target.${Problem}` : never;
type TargetCode = TwinOf<SourceCode>;

/** What can go wrong on the way to a site's agent: `source.…` on the way to a source, `target.…` to a target. */
export const SITE_ACCESS_ERRORS: Record<SourceCode | TargetCode, Entry> = { ...SOURCE, ...forTarget() };

/** The same failure, met on the way to a target; undefined for one that has no such twin. */
export function targetTwinOf(code: string): TargetCode | undefined {
  return Object.hasOwn(SOURCE, code) ? (code.replace(/^source\./, 'target.') as TargetCode) : undefined;
}

function forTarget(): Record<TargetCode, Entry> {
  const entries = Object.entries(SOURCE).map(([code, { status, retryable, message, hint }]) => [
    code.replace(/^source\./, 'target.'),
    entry(status, retryable, inOtherWords(message), inOtherWords(hint)),
  ]);
  return Object.fromEntries(entries) as Record<TargetCode, Entry>;
}

function inOtherWords(text: string): string {
  return text.replaceAll('source', 'target');
}
