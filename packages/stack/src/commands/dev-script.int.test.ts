import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../stack/stack-layout.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';

/** Runs a function of ./dev that keeps services from starting, around a command that sees the policy file as `$POLICY`. */
function installUnderPolicy(policy: string, command: string): { status: number | null; out: string } {
  const script = `source ./dev help >/dev/null; policy="$POLICY"; as_root() { "$@"; }; without_service_starts sh -c "$COMMAND"`;
  const env = { PATH: '/usr/sbin:/usr/bin:/bin', POLICY: policy, COMMAND: command };
  const { status, stdout } = spawnSync('bash', ['-c', script], { cwd: repositoryRoot, env, encoding: 'utf8' });
  return { status, out: stdout };
}

it.each([
  ['it went well', 'true', 0],
  ['it failed', 'exit 7', 7],
  ['Ctrl-C', 'kill -INT $PPID', 130],
  ['it was ended', 'kill -TERM $PPID', 143],
])('services may start again after an installation: %s', (_how, ending, status) => {
  const policy = join(temporaryFolder(), 'policy-rc.d');
  expect(installUnderPolicy(policy, `"$POLICY"; echo $?; ${ending}`)).toEqual({ status, out: '101\n' });
  expect(existsSync(policy)).toBe(false);
});

it('a policy that was there before stays', () => {
  const policy = join(temporaryFolder(), 'policy-rc.d');
  writeFileSync(policy, '');
  expect(installUnderPolicy(policy, 'kill -TERM $PPID').status).not.toBe(0);
  expect(existsSync(policy)).toBe(true);
});
