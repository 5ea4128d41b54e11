import { usage } from '../config/cli-config.ts';
import { EXIT } from '../exit-codes.ts';
import { table, withoutControls } from '../terminal/terminal.ts';
import type { Cli } from './cli.ts';
import { describeClone } from './clone.ts';
import { duration, moment, wholeNumber } from './options.ts';

/** `clones`, `extend` and `delete`: what there is, and how long it stays. */
export function addClones(cli: Cli): void {
  addList(cli);
  addExtend(cli);
  addDelete(cli);
}

function addList({ program, run }: Cli): void {
  const clones = program.command('clones').description('list clones, or show one');
  clones
    .command('list', { isDefault: true })
    .description('list clones, newest first')
    .option('--limit <n>', 'most clones that are listed', wholeNumber, 50)
    .action(({ limit }, self) =>
      run(self, async (session) => {
        const found = await session.api.listClones(limit);
        const rows = found.map(({ id, status, source, expiresAt, name = '' }) => [
          id,
          status,
          source.url,
          expiresAt,
          withoutControls(name),
        ]);
        session.answer({ clones: found }, table(['CLONE', 'STATUS', 'SOURCE', 'EXPIRES', 'NAME'], rows));
        return EXIT.done;
      }),
    );
  clones
    .command('show')
    .description('one clone, with its login once it is ready')
    .argument('<clone>', 'id of a clone')
    .action((cloneId, _options, self) =>
      run(self, async (session) => {
        const clone = await session.api.readClone(cloneId);
        const credentials = clone.status === 'ready' ? await session.api.readCredentials(cloneId) : undefined;
        session.answer({ clone, credentials }, describeClone(clone, credentials));
        return EXIT.done;
      }),
    );
}

function addExtend({ program, run }: Cli): void {
  program
    .command('extend')
    .description('give a clone another expiry')
    .argument('<clone>', 'id of a clone')
    .option('--ttl <duration>', 'how long it shall live from now on, e.g. 90m, 12h, 3d', duration)
    .option('--until <time>', 'when it shall expire, e.g. 2030-01-31T12:00:00Z', moment)
    .action((cloneId, { ttl, until }, self) =>
      run(self, async (session) => {
        const change = changeOf(ttl, until);
        const clone = await session.api.changeClone(cloneId, change);
        session.answer({ clone }, `${clone.id} expires at ${clone.expiresAt}.`);
        return EXIT.done;
      }),
    );
}

function changeOf(ttlMinutes: number | undefined, expiresAt: string | undefined) {
  if (ttlMinutes !== undefined && expiresAt === undefined) return { ttlMinutes };
  if (expiresAt !== undefined && ttlMinutes === undefined) return { expiresAt };
  throw usage('Give either --ttl or --until.');
}

function addDelete({ program, run }: Cli): void {
  program
    .command('delete')
    .description('remove a clone now, with everything that belongs to it')
    .argument('<clone>', 'id of a clone')
    .option('--no-wait', 'do not wait until it is gone')
    .action((cloneId, { wait }, self) =>
      run(self, async (session) => {
        const { jobId } = await session.api.deleteClone(cloneId);
        if (wait) await session.awaitJob(jobId);
        const clone = await session.api.readClone(cloneId);
        session.answer({ clone, job: { id: jobId } }, wait ? `${cloneId} is gone.` : `${cloneId} is going; its job is ${jobId}.`);
        return EXIT.done;
      }),
    );
}
