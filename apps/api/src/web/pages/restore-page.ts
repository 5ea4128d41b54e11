import type { RestoreRecord, RestoreStatus } from '@wcr/shared/contracts/restore';
import { hasScope } from '../../access/api-keys.ts';
import type { JobView } from '../../queue/read-job.ts';
import { EMPTY_FORM, type FormState } from '../form.ts';
import { freshBadge } from '../parts/badge.ts';
import { confirmRestore } from '../parts/confirm-restore.ts';
import { form, formProblem } from '../parts/fields.ts';
import { siteName } from '../parts/format.ts';
import { frame, type Viewer } from '../parts/frame.ts';
import { type Html, html } from '../parts/html.ts';
import { missingScope, problemBox } from '../parts/problem.ts';
import { progressPanel } from '../parts/progress.ts';
import { restoreReport } from '../parts/restore-report.ts';
import { ago, countdown } from '../parts/time.ts';

export type RestorePage = {
  readonly viewer: Viewer;
  readonly restore: RestoreRecord;
  /** The job that is at work on it, or was last; undefined when it is gone, or the key may not see it. */
  readonly job: JobView | undefined;
  /** Why it cannot be rolled back; undefined when it can. */
  readonly noWayBack: string | undefined;
  readonly confirm?: FormState | undefined;
  readonly idempotencyKey: string;
  readonly notice?: string | undefined;
};

const GOES_ON: ReadonlySet<RestoreStatus> = new Set(['queued', 'running', 'rolling-back']);

/** One restore, or the preview of one: how far it is, its report, and what can be done then. */
export function restorePage(page: RestorePage): Html {
  const { viewer, restore, notice, confirm = EMPTY_FORM } = page;
  const { status, options, targetUrl, cloneId, createdAt } = restore;
  const title = `${options.dryRun ? 'Preview of a restore' : 'Restore'} to ${siteName(targetUrl)}`;
  return frame(
    { title, viewer, isLive: confirm.error === undefined && GOES_ON.has(status), notice },
    html`<p class="crumbs"><a href="/">Clones</a> ${cloneId === undefined ? '' : html`<a href="/clones/${cloneId}">${cloneId}</a>`}</p>
      <h1>${title} ${freshBadge(status)}</h1>
      <p class="muted">Asked for ${ago(createdAt, viewer.now)}</p>
      ${formProblem(confirm)}
      ${restore.error === undefined ? '' : problemBox({ hint: page.job?.error?.hint, ...restore.error })}
      ${GOES_ON.has(status) ? progressCard(page) : outcome(page)}`,
  );
}

function progressCard({ restore, job }: RestorePage): Html {
  const { status, options } = restore;
  const title =
    status === 'rolling-back' ? 'It is rolled back' : options.dryRun ? 'The sites are compared' : 'The live site is restored';
  return html`<section class="card" aria-labelledby="progress">
      <h2 id="progress">${title}</h2>
      ${job === undefined ? missingScope('jobs:read', 'see how far it is') : progressPanel(job, false)}
      ${job === undefined ? '' : html`<p><a href="/jobs/${job.id}">Log of the job</a></p>`}
    </section>`;
}

function outcome(page: RestorePage): Html {
  return html`<div class="columns">
      <div class="main-column">${reportOf(page)}</div>
      <div class="side-column">${nextCard(page)}</div>
    </div>`;
}

function reportOf({ restore }: RestorePage): Html {
  const { status, report, cloneId } = restore;
  if (status === 'rolled-back') {
    return html`<section class="card" aria-labelledby="back">
        <h2 id="back">It was rolled back</h2>
        <p>The live site has again what the restore had replaced; what visitors wrote since stayed.</p>
        ${cloneId === undefined ? '' : html`<p><a class="button" href="/clones/${cloneId}">To the clone</a></p>`}
      </section>`;
  }
  return report === undefined ? html`` : restoreReport(report, { wasRefused: status === 'failed' });
}

/** After a preview, or a refusal because the target has changed, one may restore; after a restore, go back. */
function nextCard(page: RestorePage): Html {
  const { viewer, restore, confirm = EMPTY_FORM, idempotencyKey } = page;
  const { status, options, cloneId, error } = restore;
  const isDecision = (status === 'completed' && options.dryRun) || error?.code === 'restore.target_changed';
  if (isDecision && cloneId !== undefined) return confirmRestore({ viewer, restore, state: confirm, idempotencyKey });
  if (status === 'failed') return tryAgain(restore);
  return status === 'completed' && !options.dryRun ? rollbackCard(page) : html``;
}

function tryAgain({ cloneId, jobId }: RestoreRecord): Html {
  return html`<p>
      ${cloneId === undefined ? '' : html`<a class="button" href="/clones/${cloneId}/restore">Preview again</a>`}
      <a class="button" href="/jobs/${jobId}">See the log</a>
    </p>`;
}

function rollbackCard({ viewer, restore, noWayBack }: RestorePage): Html {
  const until = restore.report?.restorePointUntil ?? undefined;
  return html`<section class="card" aria-labelledby="back">
      <h2 id="back">The way back</h2>
      ${until === undefined || noWayBack !== undefined ? html`<p>It cannot be rolled back: ${noWayBack ?? 'it has no restore point'}.</p>` : ''}
      ${until !== undefined && noWayBack === undefined ? offerRollback(viewer, restore.id, until) : ''}
    </section>`;
}

function offerRollback(viewer: Viewer, restoreId: string, until: number): Html {
  return html`<p>What the restore replaced is kept on the live site; its time is up ${countdown(until, viewer.now)}.</p>
    ${
      hasScope(viewer.caller, 'restores:write')
        ? html`<details class="danger">
            <summary>Roll back</summary>
            ${form(
              { action: `/restores/${restoreId}/rollback`, viewer },
              html`<p>The live site gets back what the restore replaced. What visitors have written since stays.</p>
                <button class="danger">Yes, roll back</button>`,
            )}
          </details>`
        : missingScope('restores:write', 'roll back')
    }`;
}
