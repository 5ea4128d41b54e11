import type { CloneView, Credentials } from '../api/answers.ts';
import { EXIT } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { facts } from '../terminal/terminal.ts';
import type { Cli } from './cli.ts';
import { addSiteOptions, duration } from './options.ts';
import { readSiteAccess } from './site-access.ts';

/** `clone <url>`: makes a clone, and waits until it can be used. */
export function addClone({ program, run }: Cli): void {
  const command = program
    .command('clone')
    .description('clone a site; prints the address and login of the clone')
    .argument('<url>', 'address of the site');
  addSiteOptions(command)
    .option('--ttl <duration>', 'how long the clone lives, e.g. 90m, 12h, 3d', duration)
    .option('--name <name>', 'what you call the clone')
    .option('--exclude-path <path...>', 'paths that are not copied, relative to the site; may end with *')
    .option('--exclude-table <table...>', 'tables that are not copied')
    .option('--callback-url <url>', 'is told of the end of the clone’s jobs')
    .option('--no-wait', 'do not wait until the clone is ready')
    .action((url, options, self) =>
      run(self, async (session) => {
        const source = await readSiteAccess(url, options, session);
        const { ttl, name, excludePath: paths = [], excludeTable: tables = [], callbackUrl, wait } = options;
        const accepted = await session.api.createClone({
          source,
          ...(ttl !== undefined && { ttlMinutes: ttl }),
          ...(name !== undefined && { name }),
          ...(callbackUrl !== undefined && { callbackUrl }),
          ...(paths.length + tables.length > 0 && { exclude: { paths, tables } }),
        });
        return wait ? awaitClone(session, accepted) : tellAccepted(session, accepted);
      }),
    );
}

type Accepted = { readonly cloneId: string; readonly jobId: string };

async function tellAccepted(session: Session, { cloneId, jobId }: Accepted) {
  const clone = await session.api.readClone(cloneId);
  session.answer({ clone, job: { id: jobId } }, facts({ clone: cloneId, address: clone.url, job: jobId }));
  return EXIT.done;
}

async function awaitClone(session: Session, { cloneId, jobId }: Accepted) {
  session.note(`${cloneId} is being made by the job ${jobId}.`);
  const job = await session.awaitJob(jobId);
  const [clone, credentials] = await Promise.all([session.api.readClone(cloneId), session.api.readCredentials(cloneId)]);
  session.answer({ clone, credentials, job }, describeClone(clone, credentials));
  return EXIT.done;
}

/** A clone as people need it, with its login if that is known. */
export function describeClone(clone: CloneView, credentials?: Credentials): string {
  return facts({
    clone: clone.id,
    name: clone.name,
    status: clone.status === 'ready' ? undefined : clone.status,
    address: clone.url,
    login: credentials?.loginUrl,
    user: credentials?.username,
    password: credentials?.password,
    source: clone.source.url,
    expires: clone.expiresAt,
    error: clone.error && `${clone.error.message} (${clone.error.code})`,
  });
}
