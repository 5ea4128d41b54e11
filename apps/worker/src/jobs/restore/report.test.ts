import { expect, it } from 'vitest';
import { noChanges, noteChange } from './findings.ts';
import { type ReportParts, reportOf } from './report.ts';
import { ALL, OPTIONS, pairOf } from './testing/site-pair.fixture.ts';

const plugin = (file: string, version: string, active = true) => ({ file, name: file, version, active });
const theme = (slug: string, version: string, active = true) => ({ slug, name: slug, version, active });
const files = { sent: 1, removed: 2, unchanged: 3, kept: 4, changes: noChanges(), bytes: 10, replacements: 1 };
const tables = { tables: [], unchanged: 5, changes: noChanges(), bytes: 20, replacements: 2 };
const parts = (more: Partial<ReportParts> = {}): ReportParts => ({
  ...{ pair: pairOf(), options: OPTIONS, tables, files, warnings: [], timings: {} },
  ...more,
});

it('sums up what was written, and says that a dry run wrote nothing', () => {
  const rows = { name: 'wp_posts', how: 'rows' as const, inserted: 1, updated: 2, deleted: 3 };
  const report = reportOf(parts({ tables: { ...tables, tables: [rows, rows] } }));
  expect(report).toMatchObject({
    dryRun: true,
    rowsWritten: 12,
    bytesMoved: 30,
    replacements: 3,
    integrity: 'none',
    restorePointUntil: null,
  });
});

it('says whether hashes were compared', () => {
  const committed = { maintenanceMs: 40, restorePointUntil: 99 };
  expect(reportOf(parts({ committed }))).toMatchObject({
    dryRun: false,
    integrity: 'verified',
    maintenanceMs: 40,
    restorePointUntil: 99,
  });
  const counted = reportOf(parts({ committed, options: { ...OPTIONS, verifyIntegrity: false } }));
  expect(counted.integrity).toBe('counted');
});

it('tells which plugins stay as the target has them and which become the clone’s', () => {
  const pair = pairOf({
    plugins: {
      clone: [plugin('a', '2.0'), plugin('b', '1.0'), plugin('c', '1.0')],
      target: [plugin('a', '1.9'), plugin('b', '1.0')],
    },
  });
  const names = (list: readonly { name: string; version: string }[]) => list.map(({ name, version }) => `${name} ${version}`);
  const kept = reportOf(parts({ pair }));
  expect(names(kept.plugins.preserved)).toEqual(['a 1.9', 'b 1.0']);
  expect(kept.plugins.changed).toEqual([]);
  const taken = reportOf(parts({ pair, options: ALL }));
  expect(names(taken.plugins.preserved)).toEqual(['b 1.0']);
  expect(names(taken.plugins.changed)).toEqual(['a 2.0', 'c 1.0']);
});

it('warns of a plugin that is missing, of one that is older than its data, and of a theme that is not there', () => {
  const pair = pairOf({
    activePlugins: { base: [], clone: ['new/new.php'], target: [] },
    plugins: { clone: [plugin('new/new.php', '1'), plugin('seo', '1.10')], target: [plugin('seo', '1.9')] },
    themes: { clone: [theme('fresh', '1')], target: [theme('old', '1')] },
  });
  expect(reportOf(parts({ pair, warnings: ['and this'] })).warnings).toEqual([
    expect.stringContaining('new/new.php is active in the clone and not installed'),
    expect.stringContaining('seo is 1.10 in the clone and 1.9 on the target'),
    expect.stringContaining('theme fresh is not on the target'),
    'and this',
  ]);
  expect(reportOf(parts({ pair, options: ALL })).warnings).toEqual([]);
});

it('tells changes of rows and of files together, what is lost first', () => {
  const [rows, paths] = [noChanges(), noChanges()];
  noteChange(rows, { kind: 'order', what: '#1', change: 'new', lost: false }, false);
  noteChange(paths, { kind: 'file', what: 'a.php', change: 'changed', lost: true }, false);
  const report = reportOf(parts({ tables: { ...tables, changes: rows }, files: { ...files, changes: paths } }));
  expect(report.targetChanges.map(({ what }) => what)).toEqual(['a.php', '#1']);
  expect(report.targetChangesTotal).toBe(2);
});
