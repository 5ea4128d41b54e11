import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type RunOptions, runCommand } from './run.ts';

/** What takes PHP as long to load as everything else together, and short scripts do without. */
const HEAVY = /(^|-)(gd|curl|intl|xsl|ffi|imagick|sockets|ftp|calendar|sysv\w+|shmop|readline)\.ini$/i;
const PICTURES = /(^|-)gd\.ini$/i;

const LIGHT = join(import.meta.dirname, '../../../../.local/cache/php');

export type PhpOptions = RunOptions & {
  /** True: the script makes pictures, too. */
  readonly pictures?: boolean;
};

const folders = new Map<boolean, string>();

/**
 * Runs a short PHP script with the extensions that WordPress needs: it starts in half of the time.
 * @returns what it printed on standard output
 * @throws Error with what it printed when its status is not 0
 */
export function runPhp(args: readonly string[], { pictures = false, ...options }: PhpOptions = {}): Promise<string> {
  const folder = folders.get(pictures) ?? lightConfiguration(pictures);
  folders.set(pictures, folder);
  return runCommand('php', args, { ...options, env: { ...options.env, PHP_INI_SCAN_DIR: folder } });
}

/**
 * Runs PHP code inside a site, with its WordPress loaded.
 * @returns what it prints; what the site prints while it loads is not the answer
 * @throws Error with what was printed when PHP fails
 */
export async function runPhpIn(dir: string, php: string): Promise<string> {
  const code = `require 'wp-load.php'; echo "\\x1e"; ${php}`;
  const output = await runPhp(['-d', 'display_errors=stderr', '-r', code], { cwd: dir });
  return output.slice(output.indexOf('\x1e') + 1);
}

/** A folder with PHP's settings but for those that load what is heavy; an empty name, which means PHP's own, where it has none. */
function lightConfiguration(pictures: boolean): string {
  const own = execFileSync('php', ['-n', '-r', 'echo PHP_CONFIG_FILE_SCAN_DIR;'], { encoding: 'utf8' });
  if (own === '') return '';
  const light = join(LIGHT, `${own.replaceAll('/', '-')}${pictures ? '-pictures' : ''}`);
  mkdirSync(light, { recursive: true });
  const isWanted = (name: string): boolean => !HEAVY.test(name) || (pictures && PICTURES.test(name));
  for (const name of readdirSync(own).filter(isWanted)) {
    try {
      symlinkSync(join(own, name), join(light, name));
    } catch (error) {
      // Of an earlier run, or of another process that begins now.
      if (!existsSync(join(light, name))) throw error;
    }
  }
  return light;
}
