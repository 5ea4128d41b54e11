import type { ReportView, RestoreView } from '../api/answers.ts';
import { facts, styled, withoutControls } from './terminal.ts';

/** What happened on the live site that is named before the rest is only counted. */
const MOST_CHANGES = 20;

/** What a restore did, or in a dry run would do, for people. */
export function describeReport({ id, target, report, restorePointUntil }: RestoreView, stream: NodeJS.WriteStream): string {
  if (report === undefined) return facts({ restore: id, target: target.url });
  const { dryRun, files } = report;
  const head = dryRun ? `What a restore would do to ${target.url}` : `What the restore did to ${target.url}`;
  const what = facts({
    '  restore': id,
    '  rows': describeRows(report),
    '  files': `${files.sent} written, ${files.removed} removed, ${files.kept} kept, ${files.unchanged} the same`,
    '  plugins': describeComponents(report.plugins),
    '  themes': describeComponents(report.themes),
    '  maintenance': dryRun ? undefined : `${(report.maintenanceMs / 1000).toFixed(1)} s`,
    '  roll back': restorePointUntil === null ? undefined : `until ${restorePointUntil}: clone-restore rollback ${id}`,
  });
  return [
    styled(stream, 'bold', withoutControls(head)),
    what,
    ...describeChanges(report, stream),
    ...describeWarnings(report, stream),
  ].join('\n');
}

function describeRows({ tables, tablesUnchanged }: ReportView): string {
  const sum = (of: 'inserted' | 'updated' | 'deleted') => tables.reduce((total, table) => total + table[of], 0);
  const swapped = tables.filter(({ how }) => how === 'swap').length;
  const whole = swapped === 0 ? '' : `, ${swapped} tables as a whole`;
  return `${sum('inserted')} new, ${sum('updated')} changed, ${sum('deleted')} removed${whole} (${tables.length} tables of ${tables.length + tablesUnchanged})`;
}

function describeComponents({ preserved, changed }: ReportView['plugins']): string {
  const names = changed.map(({ name, version }) => `${name} ${version}`).join(', ');
  return `${preserved.length} stay as they are${changed.length === 0 ? '' : `; replaced: ${names}`}`;
}

/** What came in on the live site meanwhile; what would be lost stands first. */
function describeChanges({ targetChanges, targetChangesTotal, dryRun }: ReportView, stream: NodeJS.WriteStream): string[] {
  if (targetChangesTotal === 0) return [];
  const lost = targetChanges.filter((change) => change.lost);
  const kept = targetChanges.filter((change) => !change.lost);
  const shown = [...lost, ...kept].slice(0, MOST_CHANGES);
  const lines = shown.map(({ kind, what, change, lost: isLost }) => {
    const text = `  ${withoutControls(`${change} ${kind} ${what}`)}`;
    if (!isLost) return `${text}: stays`;
    return styled(stream, 'red', `${text}: ${dryRun ? 'would be lost' : 'lost'}`);
  });
  const rest = targetChangesTotal - shown.length;
  return ['Since the clone was made, on the live site:', ...lines, ...(rest > 0 ? [`  and ${rest} more`] : [])];
}

function describeWarnings({ warnings }: ReportView, stream: NodeJS.WriteStream): string[] {
  return warnings.map((warning) => styled(stream, 'yellow', `Warning: ${withoutControls(warning)}`));
}
