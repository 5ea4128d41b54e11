/** What an auditor can find after a round. */
export const HARMS = ['lost', 'doubled', 'orphaned', 'mixed'] as const;
export type Harm = (typeof HARMS)[number];
export type Finding = { readonly harm: Harm; readonly what: string };

type Row = { rounds: number; kills: number } & Record<Harm, number>;
const EMPTY: Row = { rounds: 0, kills: 0, lost: 0, doubled: 0, orphaned: 0, mixed: 0 };

/** What came of all rounds, by fault. */
export class ChaosTable {
  readonly #rows = new Map<string, Row>();

  /** @param kills how often the fault struck */
  add(fault: string, kills: number, findings: readonly Finding[]): void {
    const row = { ...(this.#rows.get(fault) ?? EMPTY) };
    row.rounds += 1;
    row.kills += kills;
    for (const { harm } of findings) row[harm] += 1;
    this.#rows.set(fault, row);
  }

  total(): Row {
    const sum = { ...EMPTY };
    for (const row of this.#rows.values()) for (const key of Object.keys(sum) as (keyof Row)[]) sum[key] += row[key];
    return sum;
  }

  render(): string {
    const columns = Object.keys(EMPTY) as (keyof Row)[];
    const line = (name: string, cells: readonly (string | number)[]) =>
      name.padEnd(30) + cells.map((cell) => String(cell).padStart(10)).join('');
    const rows = [...this.#rows].sort(([one], [other]) => (one < other ? -1 : 1));
    return [
      line('fault', columns),
      ...rows.map(([name, row]) =>
        line(
          name,
          columns.map((column) => row[column]),
        ),
      ),
      line(
        'total',
        columns.map((column) => this.total()[column]),
      ),
    ].join('\n');
  }
}
