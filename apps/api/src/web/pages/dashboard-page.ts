import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { hasScope } from '../../access/api-keys.ts';
import type { JobView } from '../../queue/read-job.ts';
import type { FormState } from '../form.ts';
import { badge, freshBadge } from '../parts/badge.ts';
import { form, formProblem } from '../parts/fields.ts';
import { formatBytes, siteName } from '../parts/format.ts';
import { frame, type Viewer } from '../parts/frame.ts';
import { type Html, html } from '../parts/html.ts';
import { newCloneFields } from '../parts/new-clone-fields.ts';
import { missingScope } from '../parts/problem.ts';
import { stepText } from '../parts/progress.ts';
import { queuePanel } from '../parts/queue-panel.ts';
import { ago, countdown } from '../parts/time.ts';
import type { QueueHealth } from '../queue-health.ts';

/** A job, and what it is for in people's words: `Preview` of `shop.example`. */
export type RecentJob = { readonly job: JobView; readonly what: string; readonly of: string };

export type Dashboard = {
  readonly viewer: Viewer;
  /** Undefined where the key may not see clones, or jobs. */
  readonly clones: { readonly records: readonly CloneRecord[]; readonly nextCursor: string | null } | undefined;
  readonly jobs: readonly RecentJob[] | undefined;
  readonly health: QueueHealth;
  readonly newClone: FormState;
  /** A new one for each form, so that sending it twice makes one clone. */
  readonly idempotencyKey: string;
  readonly maxTtlMinutes: number;
  readonly notice?: string | undefined;
};

/** Where everything begins: what there is, what goes on, and the form for a new clone. */
export function dashboardPage(data: Dashboard): Html {
  const { viewer, clones, jobs, health, newClone, notice } = data;
  const isLive = newClone.error === undefined && (jobs?.some(isUnderWay) ?? false);
  return frame(
    { title: 'Clones', viewer, isLive, notice },
    html`${formProblem(newClone)}
      <div class="columns">
        <div class="main-column">
          <section class="card" aria-labelledby="clones">
            <div class="heading"><h1 id="clones">Clones</h1> <a class="button phone-only" href="#new-clone">Clone a site</a></div>
            ${clones === undefined ? missingScope('clones:read', 'see clones') : cloneTable(clones, jobs ?? [], viewer.now)}
          </section>
          <section class="card" aria-labelledby="jobs">
            <h2 id="jobs">Recent jobs</h2>
            ${jobs === undefined ? missingScope('jobs:read', 'see jobs') : jobTable(jobs, viewer.now)}
          </section>
        </div>
        <div class="side-column">
          <section class="card" aria-labelledby="new-clone">
            <h2 id="new-clone">Clone a site</h2>
            ${newCloneForm(data)}
          </section>
          ${queuePanel(health, viewer)}
        </div>
      </div>`,
  );
}

function newCloneForm({ viewer, newClone, idempotencyKey, maxTtlMinutes }: Dashboard): Html {
  if (!hasScope(viewer.caller, 'clones:write')) return missingScope('clones:write', 'make clones');
  return form(
    { action: '/clones', viewer },
    html`<input type="hidden" name="idempotencyKey" value="${idempotencyKey}">
      ${newCloneFields(newClone, maxTtlMinutes)}
      <button class="primary">Start the clone</button>`,
  );
}

/** Cells that need no room where rows are cards. */
const NOTHING = html` class="nothing"`;

type Clones = NonNullable<Dashboard['clones']>;

function cloneTable({ records, nextCursor }: Clones, jobs: readonly RecentJob[], now: number): Html {
  if (records.length === 0) {
    return html`<div class="empty">
        <p><strong>No clones yet</strong></p>
        <p class="muted">Give the address of a WordPress and a login, and a private working copy of it appears here.</p>
      </div>`;
  }
  return html`<table>
      <thead><tr><th scope="col">Clone</th><th scope="col">Status</th><th scope="col">Size</th><th scope="col">Expires</th></tr></thead>
      <tbody>${records.map((record) => cloneRow(record, jobs, now))}</tbody>
    </table>
    ${nextCursor === null ? '' : html`<p><a href="/?cursor=${nextCursor}">Older clones</a></p>`}`;
}

function cloneRow(record: CloneRecord, jobs: readonly RecentJob[], now: number): Html {
  const { id, name, sourceUrl, status, sizes, expiresAt, jobId } = record;
  const job = jobs.find((recent) => recent.job.id === jobId && isUnderWay(recent))?.job;
  const isOver = status === 'expired' || status === 'failed' || status === 'expiring';
  return html`<tr class="${isOver ? 'over' : ''}">
      <td data-label="Clone"><a href="/clones/${id}">${name ?? siteName(sourceUrl)}</a>
        <span class="sub">${name === undefined ? id : siteName(sourceUrl)}</span></td>
      <td data-label="Status"${job === undefined ? '' : html` data-events="/jobs/${job.id}/events"`}>${freshBadge(status, `status-${id}`)}
        ${job === undefined ? '' : html`<span class="sub" data-part="step">${stepText(job)}</span>`}</td>
      <td data-label="Size"${sizes === undefined ? NOTHING : ''}>${sizes === undefined ? '–' : formatBytes(sizes.databaseBytes + sizes.fileBytes)}</td>
      <td data-label="Expires"${isOver ? NOTHING : ''}>${isOver ? '–' : countdown(expiresAt, now)}</td>
    </tr>`;
}

function isUnderWay({ job }: RecentJob): boolean {
  return job.finishedAt === undefined;
}

function jobTable(jobs: readonly RecentJob[], now: number): Html {
  if (jobs.length === 0) return html`<p class="empty muted">What is done for you appears here.</p>`;
  return html`<table>
      <thead><tr><th scope="col">Job</th><th scope="col">Status</th><th scope="col">When</th></tr></thead>
      <tbody>
        ${jobs.map(
          ({ job: { id, status, createdAt, error }, what, of }) => html`<tr>
            <td data-label="Job"><a href="/jobs/${id}">${what}</a> <span class="sub">${of}</span></td>
            <td data-label="Status">${badge(status)} ${error === undefined ? '' : html`<span class="sub">${error.message}</span>`}</td>
            <td data-label="When" class="when">${ago(Date.parse(createdAt), now)}</td>
          </tr>`,
        )}
      </tbody>
    </table>`;
}
