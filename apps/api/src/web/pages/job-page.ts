import { hasScope } from '../../access/api-keys.ts';
import { isTerminal, type JobView } from '../../queue/read-job.ts';
import { EMPTY_FORM, type FormState } from '../form.ts';
import { freshBadge } from '../parts/badge.ts';
import { form, formProblem } from '../parts/fields.ts';
import { countOf, inWords } from '../parts/format.ts';
import { frame, type Viewer } from '../parts/frame.ts';
import { type Html, html } from '../parts/html.ts';
import { missingScope, problemBox } from '../parts/problem.ts';
import { progressPanel } from '../parts/progress.ts';
import { ago, moment } from '../parts/time.ts';

export type JobPage = {
  readonly viewer: Viewer;
  readonly job: JobView;
  /** The end of its log, and how many lines there are. */
  readonly log: { readonly lines: readonly string[]; readonly total: number };
  readonly refused?: FormState | undefined;
  readonly notice?: string | undefined;
};

/** `<time> [<step>] <message>`, as workers write it. */
const LOG_LINE = /^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\S* \[([\w-]+)\] (.*)$/s;

/** One job: how far it is, its log, and the ways to end it or try it again. */
export function jobPage({ viewer, job, log, refused = EMPTY_FORM, notice }: JobPage): Html {
  const { queue, status, error, createdAt } = job;
  return frame(
    { title: `${inWords(queue)} job`, viewer, isLive: refused.error === undefined && !isTerminal(status), notice },
    html`<p class="crumbs"><a href="/">Clones</a> ${linksOf(job)}</p>
      <h1>${inWords(queue)} job ${freshBadge(status)}</h1>
      <p class="muted">Asked for ${ago(Date.parse(createdAt), viewer.now)}</p>
      ${formProblem(refused)}
      ${error === undefined ? '' : problemBox(error)}
      <section class="card" aria-labelledby="progress">
        <h2 id="progress">${isTerminal(status) ? 'How it went' : 'How far it is'}</h2>
        ${isTerminal(status) ? '' : progressPanel(job)}
        ${factsOf(job)}
        ${actions(viewer, job)}
      </section>
      <section class="card" aria-labelledby="log">
        <h2 id="log">Log</h2>
        ${logPanel(log, isTerminal(status) ? undefined : job.id)}
      </section>`,
  );
}

function linksOf({ cloneId, restoreId }: JobView): Html {
  return html`${cloneId === undefined ? '' : html`<a href="/clones/${cloneId}">${cloneId}</a>`}
    ${restoreId === undefined ? '' : html`<a href="/restores/${restoreId}">Restore</a>`}`;
}

function factsOf({ id, attempts, maxAttempts, startedAt, finishedAt }: JobView): Html {
  return html`<dl class="facts">
      <div><dt>Id</dt><dd><code>${id}</code></dd></div>
      <div><dt>Attempts</dt><dd>${attempts} of ${maxAttempts}</dd></div>
      ${startedAt === undefined ? '' : html`<div><dt>Begun</dt><dd>${moment(Date.parse(startedAt))}</dd></div>`}
      ${finishedAt === undefined ? '' : html`<div><dt>Ended</dt><dd>${moment(Date.parse(finishedAt))}</dd></div>`}
    </dl>`;
}

function actions(viewer: Viewer, { id, status, cancelRequested }: JobView): Html {
  const mayAct = hasScope(viewer.caller, 'jobs:write');
  if (status === 'completed') return html``;
  const canRetry = status === 'failed' || status === 'cancelled';
  const what = canRetry ? 'retry' : 'cancel';
  if (!mayAct) return missingScope('jobs:write', canRetry ? 'try it again' : 'end it');
  if (cancelRequested) return html``;
  return form({ action: `/jobs/${id}/${what}`, viewer }, html`<button>${canRetry ? 'Try it again' : 'Cancel the job'}</button>`);
}

/** @param jobId of a job that still writes to it */
function logPanel({ lines, total }: JobPage['log'], jobId: string | undefined): Html {
  const before = total - lines.length;
  return html`${before > 0 ? html`<p class="muted">${countOf(before, 'line')} before these</p>` : ''}
    <ol class="log" tabindex="0" aria-label="Lines of the log"${jobId === undefined ? '' : html` data-log="/jobs/${jobId}/events"`}>
      ${lines.map(logLine)}
    </ol>
    ${lines.length === 0 ? html`<p class="muted" data-part="no-log">Nothing yet.</p>` : ''}`;
}

function logLine(line: string): Html {
  const [, time = '', step = '', message = line] = LOG_LINE.exec(line) ?? [];
  return html`<li><span class="at">${time}</span> <span class="tag">${step}</span> ${message}</li>`;
}
