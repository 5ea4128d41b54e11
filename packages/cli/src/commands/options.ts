import { type Command, InvalidArgumentError, type OptionValues } from '@commander-js/extra-typings';

const MINUTES: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1_440 };

/** Minutes of a duration such as `90m`, `12h` or `3d`; a bare number is minutes. @throws InvalidArgumentError */
export function duration(text: string): number {
  const [, count, unit = 'm'] = /^([1-9]\d{0,6})([mhd])?$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('It must be like 90m, 12h or 3d.');
  return Number(count) * (MINUTES[unit] ?? 1);
}

/** A whole number. @throws InvalidArgumentError */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/** A time such as `2030-01-31T12:00:00Z`. @returns the same as ISO text @throws InvalidArgumentError */
export function moment(text: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('It must be a time such as 2030-01-31T12:00:00Z.');
  return new Date(ms).toISOString();
}

/** The options that say how a site is opened. */
export function addSiteOptions<Args extends unknown[], Options extends OptionValues, Globals extends OptionValues>(
  command: Command<Args, Options, Globals>,
) {
  return command
    .option('-u, --username <name>', 'an administrator of the site; the password is asked for (or WCR_SITE_PASSWORD)')
    .option('--password-stdin', 'read the password from the first line of standard input')
    .option('--pairing-key-stdin', 'read the pairing key of the plugin from standard input (or WCR_SITE_PAIRING_KEY)')
    .option('--http-auth-user <name>', 'user of the HTTP authentication in front of the site (or WCR_SITE_HTTP_PASSWORD)')
    .option('--login-url <url>', 'where the login page is, if it was moved');
}
