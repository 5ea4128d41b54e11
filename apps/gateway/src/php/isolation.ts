import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { LocalOwnerFile } from '@wcr/shared/contracts/local-clone';

const run = promisify(execFile);

/** What this machine offers to keep clones apart. */
export type Isolation = {
  /** Program and arguments that put what follows into a network namespace of its own; undefined: not possible. */
  readonly network: readonly string[] | undefined;
  /** True when each clone's PHP can run as its own user. */
  readonly users: boolean;
  /** True when a process can be told to end with its parent. */
  readonly parentDeath: boolean;
};

/**
 * Tries once what works here. An own network namespace needs root or unprivileged user namespaces; without the
 * database's Unix socket it is not wanted, since PHP could not reach its database either.
 */
export async function probeIsolation(options: { isRoot: boolean; wantsNetwork: boolean }): Promise<Isolation> {
  const namespace = options.isRoot ? ['unshare', '--net', '--'] : ['unshare', '--map-current-user', '--net', '--'];
  const [network, setpriv] = await Promise.all([
    options.wantsNetwork && works([...namespace, 'true']),
    works(['setpriv', '--no-new-privs', '--pdeathsig', 'TERM', '--', 'true']),
  ]);
  return { network: network ? namespace : undefined, users: options.isRoot && setpriv, parentDeath: setpriv };
}

/**
 * The whole command line for a clone's PHP: into its namespace, then no privileges and an own user, then PHP. The
 * parent's death is told last, because changing the user would undo it.
 */
export function isolatedCommand(isolation: Isolation, owner: LocalOwnerFile | undefined, command: readonly string[]): string[] {
  const user =
    owner && isolation.users
      ? [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all']
      : [];
  const privileges = isolation.parentDeath ? ['setpriv', ...user, '--no-new-privs', '--pdeathsig', 'TERM', '--'] : [];
  return [...(isolation.network ?? []), ...privileges, ...command];
}

async function works(command: readonly string[]): Promise<boolean> {
  const [program = '', ...args] = command;
  return run(program, args, { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}
