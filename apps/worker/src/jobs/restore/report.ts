import type { RestoreOptions, RestoreReport } from '@wcr/shared/contracts/restore';
import { mergeChanges, type TargetChanges } from './findings.ts';
import { mergedPlugins } from './restore-tables.ts';
import type { SitePair } from './site-pair.ts';

export type ReportParts = {
  readonly pair: SitePair;
  readonly options: RestoreOptions;
  readonly tables: {
    tables: RestoreReport['tables'];
    unchanged: number;
    changes: TargetChanges;
    bytes: number;
    replacements: number;
  };
  readonly files: RestoreReport['files'] & { changes: TargetChanges; bytes: number; replacements: number };
  readonly warnings: readonly string[];
  readonly timings: Readonly<Record<string, number>>;
  readonly committed?: { readonly maintenanceMs: number; readonly restorePointUntil: number } | undefined;
};

const MAX_WARNINGS = 200;

/** What people and programs are told of a restore. */
export function reportOf({ pair, options, tables, files, warnings, timings, committed }: ReportParts): RestoreReport {
  const changes = mergeChanges([tables.changes, files.changes]);
  const { sent, removed, unchanged, kept } = files;
  return {
    dryRun: committed === undefined,
    tables: tables.tables,
    tablesUnchanged: tables.unchanged,
    rowsWritten: tables.tables.reduce((sum, table) => sum + table.inserted + table.updated + table.deleted, 0),
    files: { sent, removed, unchanged, kept },
    bytesMoved: tables.bytes + files.bytes,
    replacements: tables.replacements + files.replacements,
    plugins: componentsOf(pair.plugins, options.preservePlugins, ({ file }) => file),
    themes: componentsOf(pair.themes, options.preserveThemes, ({ slug }) => slug),
    targetChanges: changes.told,
    targetChangesTotal: changes.total,
    integrity: integrityOf(options, committed !== undefined),
    warnings: [...siteWarnings(pair, options), ...warnings].slice(0, MAX_WARNINGS),
    timings: { ...timings },
    maintenanceMs: committed?.maintenanceMs ?? 0,
    restorePointUntil: committed?.restorePointUntil ?? null,
  };
}

function integrityOf({ verifyIntegrity }: RestoreOptions, isCommitted: boolean): RestoreReport['integrity'] {
  if (!isCommitted) return 'none';
  return verifyIntegrity ? 'verified' : 'counted';
}

type Component = { readonly name: string; readonly version: string };

/** Of what both sites have: what stays as the target has it, and what becomes the clone's. */
function componentsOf<T extends Component>(
  both: { clone: readonly T[]; target: readonly T[] },
  isPreserved: boolean,
  idOf: (component: T) => string,
): { preserved: Component[]; changed: Component[] } {
  const there = new Map(both.target.map((component) => [idOf(component), component]));
  const isOther = (component: T) => there.get(idOf(component))?.version !== component.version;
  const changed = isPreserved ? [] : both.clone.filter(isOther);
  const ids = new Set(changed.map(idOf));
  const plain = ({ name, version }: T) => ({ name, version });
  return { preserved: both.target.filter((component) => !ids.has(idOf(component))).map(plain), changed: changed.map(plain) };
}

function siteWarnings(pair: SitePair, options: RestoreOptions): string[] {
  const { missing } = mergedPlugins(pair, options);
  const target = new Map(pair.plugins.target.map((plugin) => [plugin.file, plugin]));
  const older = options.preservePlugins
    ? pair.plugins.clone.filter(({ file, version }) => isOlder(target.get(file)?.version, version))
    : [];
  const theme = pair.themes.clone.find(({ active }) => active)?.slug;
  const isThemeThere = theme === undefined || pair.themes.target.some(({ slug }) => slug === theme);
  return [
    ...missing.map((file) => `${file} is active in the clone and not installed on the target: it is left switched off`),
    ...older.map(
      ({ name, version, file }) =>
        `${name} is ${version} in the clone and ${target.get(file)?.version} on the target: its data may be newer than it`,
    ),
    ...(isThemeThere || !options.preserveThemes ? [] : [`the clone’s theme ${theme} is not on the target, which keeps its own`]),
  ];
}

function isOlder(version: string | undefined, than: string): boolean {
  return version !== undefined && version.localeCompare(than, 'en', { numeric: true }) < 0;
}
