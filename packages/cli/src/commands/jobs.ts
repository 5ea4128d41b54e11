import type { JobView } from '../api/answers.ts';
import { ReportedFailure } from '../api/reported-failure.ts';
import { EXIT } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { facts, table, withoutControls } from '../terminal/terminal.ts';
import type { Cli } from './cli.ts';
import { wholeNumber } from './options.ts';

/** `jobs` and `logs`: what is going on. */
export function addJobs(cli: Cli): void {
  const jobs = cli.program.command('jobs').description('list jobs, show, follow, cancel or retry one');
  jobs
    .command('list', { isDefault: true })
    .description('the jobs of the newest clones and restores')
    .option('--limit <n>', 'most jobs that are listed', wholeNumber, 20)
    .action(({ limit }, self) =>
      cli.run(self, async (session) => {
        const found = await newestJobs(session, limit);
        const rows = found.map((job) => [job.id, job.status, job.createdAt, job.cloneId ?? job.restoreId ?? '', stageOf(job)]);
        session.answer({ jobs: found }, table(['JOB', 'STATUS', 'ASKED FOR', 'OF', 'STEP'], rows));
        return EXIT.done;
      }),
    );
  addOne(cli, jobs.command('show').description('one job'), (session, jobId) => session.api.readJob(jobId));
  addOne(cli, jobs.command('follow').description('wait for the end of a job'), (session, jobId) => session.awaitJob(jobId));
  addOne(cli, jobs.command('cancel').description('end a job that has not ended'), (session, jobId) =>
    session.api.cancelJob(jobId),
  );
  addOne(cli, jobs.command('retry').description('try a failed job again'), (session, jobId) => session.api.retryJob(jobId));
  addLogs(cli);
}

function addOne(
  cli: Cli,
  command: ReturnType<Cli['program']['command']>,
  work: (session: Session, jobId: string) => Promise<JobView>,
): void {
  command.argument('<job>', 'id of a job').action((jobId, _options, self) =>
    cli.run(self, async (session) => {
      const job = await work(session, jobId);
      session.answer({ job }, describeJob(job));
      return EXIT.done;
    }),
  );
}

function addLogs({ program, run }: Cli): void {
  program
    .command('logs')
    .description('the log of a job')
    .argument('<job>', 'id of a job')
    .option('-f, --follow', 'go on until the job ends', false)
    .action((jobId, { follow }, self) =>
      run(self, async (session) => {
        const lines: string[] = [];
        const take = (line: string): void => {
          lines.push(line);
          if (!session.isJson) session.terminal.stdout.write(`${withoutControls(line)}\n`);
        };
        if (follow) await session.awaitJob(jobId, take);
        else await readWholeLog(session, jobId, take);
        if (session.isJson) session.answer({ job: await session.api.readJob(jobId), lines }, '');
        return EXIT.done;
      }),
    );
}

async function readWholeLog({ api }: Session, jobId: string, take: (line: string) => void): Promise<void> {
  let offset: number | null = 0;
  while (offset !== null) {
    const { lines, nextOffset } = await api.readLog(jobId, offset);
    for (const line of lines) take(line);
    offset = nextOffset;
  }
}

/** The API lists clones and restores; each names its job, and a restore that of its rollback. */
async function newestJobs({ api }: Session, limit: number): Promise<JobView[]> {
  const [clones, restores] = await Promise.all([api.listClones(limit), api.listRestores(limit)]);
  const ofRestores = restores.flatMap(({ createdAt, jobId, rollbackJobId }) =>
    [jobId, rollbackJobId].flatMap((id) => (id === undefined ? [] : [{ createdAt, jobId: id }])),
  );
  const newest = [...clones, ...ofRestores].sort((a, b) => b.createdAt.localeCompare(a.createdAt)).slice(0, limit);
  const jobs = await Promise.all(newest.map(({ jobId }) => api.readJob(jobId).catch(goneOr)));
  return jobs.filter((job) => job !== undefined).sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

/** Jobs are kept for a limited time, and their clones and restores may be listed longer. */
function goneOr(error: unknown): undefined {
  if (error instanceof ReportedFailure && error.status === 404) return undefined;
  throw error;
}

function stageOf({ status, progress, error }: JobView): string {
  if (error !== undefined && status !== 'completed') return error.code;
  return status === 'active' && progress !== undefined ? `${progress.stepNumber}/${progress.stepCount} ${progress.step}` : '';
}

function describeJob(job: JobView): string {
  const { id, status, cloneId, restoreId, attempts, maxAttempts, createdAt, finishedAt, error } = job;
  return facts({
    job: id,
    status,
    step: job.progress?.step,
    clone: cloneId,
    restore: restoreId,
    attempts: `${attempts} of ${maxAttempts}`,
    'asked for': createdAt,
    ended: finishedAt,
    error: error && `${error.message} (${error.code})`,
    hint: error?.hint,
  });
}
