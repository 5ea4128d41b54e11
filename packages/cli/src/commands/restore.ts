import type { RestoreOptions } from '@wcr/shared/contracts/restore';
import type { RestoreView } from '../api/answers.ts';
import { ReportedFailure } from '../api/reported-failure.ts';
import { usage } from '../config/cli-config.ts';
import { EXIT } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { askYes } from '../terminal/prompts.ts';
import { describeReport } from '../terminal/report.ts';
import { facts, isInteractive } from '../terminal/terminal.ts';
import type { Cli } from './cli.ts';
import { addSiteOptions } from './options.ts';
import { readSiteAccess } from './site-access.ts';

/** `restore <clone> <url>`: shows what would be done, asks, and does it. */
export function addRestore({ program, run }: Cli): void {
  const command = program
    .command('restore')
    .description('bring what was changed in a clone to a live site; shows what would be done, and asks')
    .argument('<clone>', 'id of a clone')
    .argument('<url>', 'address of the live site');
  addSiteOptions(command)
    .option('--dry-run', 'only show what would be done')
    .option('-y, --yes', 'do it without a preview and a question')
    .option('--no-preserve-plugins', 'plugins of the live site become those of the clone')
    .option('--preserve-themes', 'themes of the live site stay as they are', false)
    .option('--preserve-uploads', 'uploads are left alone', false)
    .option('--no-verify-integrity', 'do not compare hashes of what was written')
    .option('--overwrite-target-changes', 'go on although changes of the live site are lost', false)
    .option('--callback-url <url>', 'is told of the end of the restore, and of its rollback')
    .option('--no-wait', 'do not wait until the restore is done')
    .action((cloneId, url, options, self) =>
      run(self, async (session) => {
        const manner = mannerOf(session, options);
        const request = { ...keptOf(options), cloneId, target: await readSiteAccess(url, options, session) };
        if (manner === 'preview') return preview(session, request);
        if (manner === 'ask' && !(await agree(session, request))) return EXIT.done;
        const { callbackUrl, wait } = options;
        // A preview is nobody else's business.
        return askFor(session, { ...request, ...(callbackUrl !== undefined && { callbackUrl }) }, wait);
      }),
    );
}

/** `rollback <restore>`: back to how the live site was. */
export function addRollback({ program, run }: Cli): void {
  program
    .command('rollback')
    .description('put a live site back to how it was before a restore')
    .argument('<restore>', 'id of a restore')
    .option('--no-wait', 'do not wait until it is done')
    .action((restoreId, { wait }, self) =>
      run(self, async (session) => {
        const { jobId } = await session.api.rollBack(restoreId);
        if (wait) await session.awaitJob(jobId);
        const restore = await session.api.readRestore(restoreId);
        const text = wait
          ? `${restore.target.url} is as it was before the restore.`
          : `It is being rolled back by the job ${jobId}.`;
        session.answer({ restore, job: { id: jobId } }, text);
        return EXIT.done;
      }),
    );
}

type Request = { readonly cloneId: string };
/** What shall stay, and what may be lost; the API's own words. */
type Kept = Pick<
  RestoreOptions,
  'preservePlugins' | 'preserveThemes' | 'preserveUploads' | 'verifyIntegrity' | 'overwriteTargetChanges'
>;

function keptOf({ preservePlugins, preserveThemes, preserveUploads, verifyIntegrity, overwriteTargetChanges }: Kept): Kept {
  return { preservePlugins, preserveThemes, preserveUploads, verifyIntegrity, overwriteTargetChanges };
}

type Manner = 'preview' | 'ask' | 'do';

/** @throws AppError `cli.usage` when nobody is there who could be asked */
function mannerOf({ isJson, terminal }: Session, { dryRun, yes }: { dryRun?: true | undefined; yes?: true | undefined }): Manner {
  if (dryRun && yes) throw usage('Give either --dry-run or --yes.');
  if (dryRun) return 'preview';
  if (yes) return 'do';
  if (isJson || !isInteractive(terminal)) throw usage('Nobody can be asked here: give --yes, or --dry-run.');
  return 'ask';
}

async function preview(session: Session, request: Request) {
  const restore = await restored(session, { ...request, dryRun: true });
  session.answer({ restore }, reportOf(session, restore));
  return EXIT.done;
}

/** Shows what would be done, and asks whether it shall be. */
async function agree(session: Session, request: Request): Promise<boolean> {
  session.note('Comparing; nothing is written yet.');
  const restore = await restored(session, { ...request, dryRun: true });
  session.note(reportOf(session, restore));
  const isWanted = await askYes(session.terminal, `Do this to ${restore.target.url}?`);
  if (!isWanted) session.answer({ restore }, 'Nothing was changed.');
  return isWanted;
}

async function askFor(session: Session, request: Request, wait: boolean) {
  if (wait) {
    const restore = await restored(session, request);
    session.answer({ restore }, reportOf(session, restore));
    return EXIT.done;
  }
  const { restoreId, jobId } = await session.api.createRestore(request);
  session.answer({ restore: { id: restoreId }, job: { id: jobId } }, facts({ restore: restoreId, job: jobId }));
  return EXIT.done;
}

/** A restore that has completed. One that was refused because of changes of the live site is shown before it fails. */
async function restored(session: Session, request: object): Promise<RestoreView> {
  const { restoreId, jobId } = await session.api.createRestore(request);
  session.note(`The restore is ${restoreId}.`);
  try {
    await session.awaitJob(jobId);
  } catch (error) {
    if (error instanceof ReportedFailure && error.envelope.error.code === 'restore.target_changed')
      session.note(reportOf(session, await session.api.readRestore(restoreId)));
    throw error;
  }
  return session.api.readRestore(restoreId);
}

function reportOf({ terminal, isJson }: Session, restore: RestoreView): string {
  return isJson ? '' : describeReport(restore, terminal.stdout);
}
