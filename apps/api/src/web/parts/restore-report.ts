import type { RestoreReport, TableReport, TargetChange } from '@wcr/shared/contracts/restore';
import { countOf, formatBytes, formatCount, formatDuration } from './format.ts';
import { type Html, html } from './html.ts';

/** What a restore did or would do, in the order in which one wants to know it. @param wasRefused nothing of it was done */
export function restoreReport(report: RestoreReport, { wasRefused }: { wasRefused: boolean }): Html {
  const isPlan = report.dryRun || wasRefused;
  return html`<section class="card" aria-labelledby="report">
      <h2 id="report">${isPlan ? 'What would change' : 'What was changed'}</h2>
      ${isPlan ? html`<p class="muted">Nothing was written.</p>` : ''}
      ${summary(report, isPlan)}
      ${report.warnings.length === 0 ? '' : html`<ul class="warnings">${report.warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`}
      ${tableDetails(report)}
    </section>
    ${changesCard(report)}`;
}

function summary(report: RestoreReport, isPlan: boolean): Html {
  const { tables, tablesUnchanged, files, bytesMoved, plugins, themes, integrity, maintenanceMs } = report;
  return html`<dl class="facts">
      <div><dt>Database</dt><dd>${tables.length === 0 ? 'no row differs' : rowsOf(tables)} <span class="sub">${countOf(tablesUnchanged, 'table')} stay as they are</span></dd></div>
      <div><dt>Files</dt><dd>${countOf(files.sent, 'file')} written, ${countOf(files.removed, 'file')} removed <span class="sub">${countOf(files.unchanged, 'file')} are the same, ${formatCount(files.kept)} left alone</span></dd></div>
      <div><dt>Plugins</dt><dd>${componentsOf(plugins)}</dd></div>
      <div><dt>Themes</dt><dd>${componentsOf(themes)}</dd></div>
      ${
        isPlan
          ? ''
          : html`<div><dt>Sent</dt><dd>${formatBytes(bytesMoved)}</dd></div>
            <div><dt>Checked</dt><dd>${integrity === 'verified' ? 'every hash was compared' : 'rows and sizes were counted'}</dd></div>
            <div><dt>Maintenance</dt><dd>${maintenanceMs < 1_000 ? 'under a second' : formatDuration(maintenanceMs)}</dd></div>`
      }
    </dl>`;
}

function rowsOf(tables: readonly TableReport[]): string {
  const total = (of: 'inserted' | 'updated' | 'deleted') => tables.reduce((sum, table) => sum + table[of], 0);
  return `${countOf(total('inserted'), 'row')} added, ${total('updated')} changed, ${total('deleted')} removed in ${countOf(tables.length, 'table')}`;
}

function componentsOf({ preserved, changed }: RestoreReport['plugins']): string {
  if (changed.length > 0) return `${changed.map(({ name, version }) => `${name} ${version}`.trim()).join(', ')}`;
  return preserved.length > 0 ? `left alone (${preserved.length})` : 'no difference';
}

function tableDetails({ tables }: RestoreReport): Html {
  if (tables.length === 0) return html``;
  return html`<details class="more">
      <summary>Tables</summary>
      <table class="small keep">
        <thead><tr><th scope="col">Table</th><th scope="col">added</th><th scope="col">changed</th><th scope="col">removed</th></tr></thead>
        <tbody>
          ${tables.map(
            ({ name, how, inserted, updated, deleted }) => html`<tr>
              <td>${name}${how === 'swap' ? html` <span class="sub">as a whole</span>` : ''}</td>
              <td>${inserted}</td><td>${updated}</td><td>${deleted}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </details>`;
}

function changesCard({ targetChanges, targetChangesTotal }: RestoreReport): Html {
  const lost = targetChanges.filter((change) => change.lost);
  const kept = targetChanges.filter((change) => !change.lost);
  return html`<section class="card" aria-labelledby="since">
      <h2 id="since">On the live site since the clone was made</h2>
      ${targetChanges.length === 0 ? html`<p>Nothing has changed there.</p>` : ''}
      ${
        lost.length === 0
          ? ''
          : html`<h3>${countOf(lost.length, 'change')} in the way</h3>
            <p>Both sides changed the same; the restore overwrites these only if you say so.</p>
            <ul class="changes lost">${lost.map(changeItem)}</ul>`
      }
      ${
        kept.length === 0
          ? ''
          : html`<h3>${countOf(kept.length, 'change')} that stay${kept.length === 1 ? 's' : ''}</h3>
            <ul class="changes">${kept.map(changeItem)}</ul>`
      }
      ${targetChangesTotal > targetChanges.length ? html`<p class="muted">and ${targetChangesTotal - targetChanges.length} more</p>` : ''}
    </section>`;
}

function changeItem({ kind, what, change }: TargetChange): Html {
  return html`<li><span class="tag">${change}</span> ${kind} ${what}</li>`;
}
