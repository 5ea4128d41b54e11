/** One measured figure beside its baseline of the same run. */
export type Figure = {
  readonly name: string;
  readonly value: number;
  readonly unit: 'ms' | 'KiB' | 'MiB' | '/s';
  readonly baseline?: number;
  /** Ratios of single rounds: their middle is shown instead of that of the figures, and how far they lie apart. */
  readonly ratios?: readonly number[];
  /** What the ratio should not exceed. */
  readonly target?: number;
  /** What the ratio should not fall below. */
  readonly least?: number;
};

/** The middle of a list of numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Figures as a table for people. */
export function renderFigures(figures: readonly Figure[]): string {
  const rows = [['figure', 'ours', 'baseline', 'ratio', 'target'], ...figures.map(rowOf)];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function rowOf(figure: Figure): string[] {
  const { name, value, unit, baseline } = figure;
  const text = (amount: number) => `${amount.toFixed(amount < 10 ? 1 : 0)} ${unit}`;
  return [name, text(value), baseline === undefined ? '' : text(baseline), ratioOf(figure), aimOf(figure)];
}

function ratioOf({ value, baseline, ratios }: Figure): string {
  if (baseline === undefined) return '';
  if (ratios === undefined) return `${(value / baseline).toFixed(2)}x`;
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
  return `${median(ratios).toFixed(2)}x (${least} to ${most})`;
}

function aimOf({ target, least }: Figure): string {
  if (least !== undefined) return `at least ${least}x`;
  return target === undefined ? '' : `${target}x`;
}
