import type { Scope } from '@wcr/shared/contracts/access';
import type { CloneCredentials, CloneRecord, CloneStatus } from '@wcr/shared/contracts/clone-record';
import type { RestoreRecord } from '@wcr/shared/contracts/restore';
import { hasScope } from '../../access/api-keys.ts';
import type { JobView } from '../../queue/read-job.ts';
import { EMPTY_FORM, type FormState } from '../form.ts';
import { badge, freshBadge } from '../parts/badge.ts';
import { form, formProblem } from '../parts/fields.ts';
import { countOf, formatBytes, formatMinutes, siteName } from '../parts/format.ts';
import { frame, type Viewer } from '../parts/frame.ts';
import { type Html, html } from '../parts/html.ts';
import { livesUpTo } from '../parts/new-clone-fields.ts';
import { missingScope, problemBox } from '../parts/problem.ts';
import { progressPanel } from '../parts/progress.ts';
import { secretValue } from '../parts/secret-value.ts';
import { ago, countdown, moment } from '../parts/time.ts';

export type ClonePage = {
  readonly viewer: Viewer;
  readonly clone: CloneRecord;
  /** The job that makes or deletes the clone; undefined when it is gone, or the key may not see it. */
  readonly job: JobView | undefined;
  /** Undefined where the key may not see restores. */
  readonly restores: readonly RestoreRecord[] | undefined;
  /** Only when they were asked for. */
  readonly credentials?: CloneCredentials | undefined;
  readonly maxTtlMinutes: number;
  /** What was refused, of all that can be asked for here. */
  readonly refused?: FormState | undefined;
  readonly notice?: string | undefined;
};

const UNFINISHED: ReadonlySet<CloneStatus> = new Set(['queued', 'provisioning', 'copying']);

/** One clone: how far it is, what opens it, how long it lives, and the way back to a live site. */
export function clonePage(page: ClonePage): Html {
  const { viewer, clone, notice, refused = EMPTY_FORM } = page;
  const { status, name, sourceUrl } = clone;
  const title = name ?? siteName(sourceUrl);
  const isLive = refused.error === undefined && (UNFINISHED.has(status) || status === 'expiring');
  return frame(
    { title, viewer, isLive, notice },
    html`<p class="crumbs"><a href="/">Clones</a></p>
      <h1>${title} ${freshBadge(status)}</h1>
      <p class="muted">A copy of <a href="${sourceUrl}" rel="noreferrer">${siteName(sourceUrl)}</a>, asked for ${ago(clone.createdAt, viewer.now)}</p>
      ${formProblem(refused)}
      <div class="columns">
        <div class="main-column">${stateOf(page)}</div>
        <div class="side-column">
          ${isOver(status) || status === 'failed' ? '' : lifeCard(page)}
          ${factsCard(page)}
          ${isOver(status) ? '' : deleteCard(viewer, clone)}
        </div>
      </div>`,
  );
}

function isOver(status: CloneStatus): boolean {
  return status === 'expiring' || status === 'expired';
}

function stateOf(page: ClonePage): Html {
  const { clone, job } = page;
  if (clone.status === 'ready') return html`${openCard(page)} ${restoreCard(page)}`;
  if (clone.status === 'failed') return failedCard(clone, job);
  if (isOver(clone.status)) return goneCard(page);
  return html`<section class="card" aria-labelledby="making">
      <h2 id="making">The clone is being made</h2>
      ${job === undefined ? missingScope('jobs:read', 'see how far it is') : progressPanel(job, false)}
      ${job === undefined ? '' : html`<p><a href="/jobs/${job.id}">Log of the job</a></p>`}
    </section>`;
}

function openCard({ viewer, clone, credentials }: ClonePage): Html {
  return html`<section class="card" aria-labelledby="open">
      <h2 id="open">The clone is ready</h2>
      <p><a class="address" href="${clone.url}" rel="noreferrer">${clone.url}</a></p>
      <p class="muted">It sends no mail, runs no cron and charges nobody. Change whatever you like.</p>
      ${credentials === undefined ? askForLogin(viewer, clone.id) : login(credentials)}
    </section>`;
}

function askForLogin(viewer: Viewer, cloneId: string): Html {
  if (!may(viewer, 'credentials:read')) return missingScope('credentials:read', 'see the login of the clone');
  return form({ action: `/clones/${cloneId}/credentials`, viewer }, html`<button>Show the login</button>`);
}

function login({ username, password, loginUrl }: CloneCredentials): Html {
  return html`<dl class="facts" id="login">
      <div><dt>Login page</dt><dd><a href="${loginUrl}" rel="noreferrer">${loginUrl}</a></dd></div>
      <div><dt>User name</dt><dd>${secretValue(username, 'user name')}</dd></div>
      <div><dt>Password</dt><dd>${secretValue(password, 'password')}</dd></div>
    </dl>`;
}

function restoreCard({ viewer, clone, restores }: ClonePage): Html {
  const mayRestore = may(viewer, 'restores:write');
  return html`<section class="card" aria-labelledby="restore">
      <h2 id="restore">Put the changes back</h2>
      <p>What you changed here goes to the live site; orders, comments and users that came in meanwhile stay. First you see what would be done.</p>
      ${
        mayRestore
          ? html`<p><a class="button primary" href="/clones/${clone.id}/restore">Preview a restore</a></p>`
          : missingScope('restores:write', 'restore')
      }
      ${restores === undefined || restores.length === 0 ? '' : restoreTable(restores, viewer.now)}
    </section>`;
}

function restoreTable(restores: readonly RestoreRecord[], now: number): Html {
  return html`<table>
      <thead><tr><th scope="col">So far</th><th scope="col">Status</th><th scope="col">Asked for</th></tr></thead>
      <tbody>
        ${restores.map(
          ({ id, status, options, targetUrl, createdAt }) => html`<tr>
            <td data-label="So far"><a href="/restores/${id}">${options.dryRun ? 'Preview' : 'Restore'}</a> <span class="sub">${siteName(targetUrl)}</span></td>
            <td data-label="Status">${badge(status)}</td>
            <td data-label="Asked for">${ago(createdAt, now)}</td>
          </tr>`,
        )}
      </tbody>
    </table>`;
}

function failedCard({ error }: CloneRecord, job: JobView | undefined): Html {
  const known = job?.error ?? error;
  return html`<section class="card" aria-labelledby="failed">
      <h2 id="failed">The clone was not made</h2>
      ${known === undefined ? '' : problemBox(known)}
      ${job === undefined ? '' : html`<p><a class="button" href="/jobs/${job.id}">See the log, or try again</a></p>`}
    </section>`;
}

function goneCard({ viewer, clone, job, restores }: ClonePage): Html {
  const isGoing = clone.status === 'expiring';
  return html`<section class="card" aria-labelledby="gone">
      <h2 id="gone">${isGoing ? 'The clone is going' : 'The clone is gone'}</h2>
      <p>${isGoing ? 'Its site, database, user and files are being removed.' : 'Everything that belonged to it went with it.'}</p>
      ${isGoing ? going(job) : ''}
      <p><a class="button" href="/">To the clones</a></p>
      ${restores === undefined || restores.length === 0 ? '' : restoreTable(restores, viewer.now)}
    </section>`;
}

/** An expiry that came by itself has a job of its own, of which a page only sees that the clone is gone. */
function going(job: JobView | undefined): Html {
  return job === undefined ? html`<p class="muted" data-reload>This takes a few seconds.</p>` : progressPanel(job, false);
}

function lifeCard({ viewer, clone, maxTtlMinutes }: ClonePage): Html {
  const { id, status, expiresAt } = clone;
  const mayExtend = may(viewer, 'clones:write');
  return html`<section class="card" id="life-card" data-fresh aria-labelledby="life">
      <h2 id="life">Expires ${countdown(expiresAt, viewer.now)}</h2>
      <p class="muted">${moment(expiresAt)}</p>
      ${mayExtend ? '' : missingScope('clones:write', 'change that')}
      ${
        mayExtend && status !== 'queued'
          ? form(
              { action: `/clones/${id}/expiry`, viewer },
              html`<fieldset>
                  <legend>From now, let it live for</legend>
                  <div class="choices">
                    ${livesUpTo(maxTtlMinutes).map(
                      (minutes) => html`<button name="ttlMinutes" value="${minutes}">${formatMinutes(minutes)}</button>`,
                    )}
                  </div>
                </fieldset>`,
            )
          : ''
      }
    </section>`;
}

function factsCard({ viewer, clone }: ClonePage): Html {
  const { id, sizes, jobId } = clone;
  return html`<section class="card" aria-labelledby="facts">
      <h2 id="facts">Facts</h2>
      <dl class="facts">
        <div><dt>Id</dt><dd><code>${id}</code></dd></div>
        ${
          sizes === undefined
            ? ''
            : html`<div><dt>Database</dt><dd>${formatBytes(sizes.databaseBytes)}, ${countOf(sizes.tables, 'table')}, ${countOf(sizes.rows, 'row')}</dd></div>
              <div><dt>Files</dt><dd>${formatBytes(sizes.fileBytes)}, ${countOf(sizes.files, 'file')}</dd></div>`
        }
        ${may(viewer, 'jobs:read') ? html`<div><dt>Made by</dt><dd><a href="/jobs/${jobId}">its job</a></dd></div>` : ''}
      </dl>
    </section>`;
}

function deleteCard(viewer: Viewer, { id, status }: CloneRecord): Html {
  if (!may(viewer, 'clones:write')) return html``;
  const isUnfinished = UNFINISHED.has(status);
  return html`<section class="card" aria-labelledby="delete">
      <h2 id="delete">${isUnfinished ? 'Stop' : 'Delete'}</h2>
      <details class="danger">
        <summary>${isUnfinished ? 'Stop making this clone' : 'Delete this clone now'}</summary>
        ${form(
          { action: `/clones/${id}/delete`, viewer },
          html`<p>Its site, database and files are removed, and what was changed in it is lost. Live sites stay as they are.</p>
            <button class="danger">${isUnfinished ? 'Yes, stop it' : 'Yes, delete it'}</button>`,
        )}
      </details>
    </section>`;
}

function may({ caller }: Viewer, scope: Scope): boolean {
  return hasScope(caller, scope);
}
