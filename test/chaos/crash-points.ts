import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const SCRIPT = resolve(import.meta.dirname, '../../apps/plugin/tests/integration/support/crash-points.php');

/** Has a site's own PHP kill processes at a point of what the agent does, which no timer could meet. */
export type CrashPoints = {
  /** Setting of the site's PHP. */
  readonly ini: Readonly<Record<string, string>>;
  /** Counts the points that an operation of the agent passes from now on. */
  count(operation: string): void;
  counted(): number;
  /** Kills process groups right before the nth point of an operation. */
  plan(crash: { operation: string; at: number; groups: readonly number[] }): void;
  /** Whether a planned crash has not come about yet. */
  isPending(): boolean;
  forget(): void;
};

/** @param siteDir root of the site, whose wp-config.php loads the points: PHP's own web server prepends nothing to a router */
export function addCrashPoints(siteDir: string, file: string): CrashPoints {
  const config = join(siteDir, 'wp-config.php');
  // A clone has the line as well, but not the setting.
  const line = `if ( get_cfg_var( 'wcr.crash_file' ) ) { require_once '${SCRIPT}'; }`;
  writeFileSync(config, readFileSync(config, 'utf8').replace('<?php\n', `<?php\n${line}\n`));
  return {
    ini: { 'wcr.crash_file': file },
    count: (operation) => writeFileSync(file, `${operation} 0`),
    counted: () => Number(readFileSync(`${file}.count`, 'utf8')),
    plan: ({ operation, at, groups }) => writeFileSync(file, [operation, at, ...groups.map((id) => -id)].join(' ')),
    isPending: () => existsSync(file),
    forget: () => rmSync(file, { force: true }),
  };
}
