import { bareName } from '../../base/row-identity.ts';

/** Numbers that people see, such as those of orders: the step is small. */
const SHOWN = new Set(['posts', 'users', 'comments', 'terms', 'term_taxonomy', 'links', 'wc_orders', 'woocommerce_order_items']);
const SHOWN_STEP = 10_000;
const HIDDEN_STEP = 1_000_000;
/** The largest value of a signed column of the type. Smaller types have no room to spare. */
const ROOM: Readonly<Record<string, number>> = { mediumint: 2 ** 23 - 1, int: 2 ** 31 - 1, bigint: Number.MAX_SAFE_INTEGER };

/**
 * Lets a clone count its new rows from far above the source's, so that rows made on both sides do not meet under one number
 * when the clone is restored.
 * @param createSql the table's definition as the agent gives it
 */
export function raiseCounter(createSql: string, table: string, prefix: string): string {
  const step = SHOWN.has(bareName(table, prefix)) ? SHOWN_STEP : HIDDEN_STEP;
  // In front of any comment: such a column has no default, so that nothing quoted comes before.
  const column = /^\s*`(?:[^`]|``)+`\s+(\w+)[^'\n]*\sAUTO_INCREMENT\b/im.exec(createSql);
  const options = createSql.lastIndexOf('\n)');
  if (column?.[1] === undefined || options < 0) return createSql;
  const tail = createSql.slice(options);
  const counter = /\bAUTO_INCREMENT=(\d+)/i.exec(tail);
  const next = Number(counter?.[1] ?? 1) + step;
  // Half of the room must be left for the site's own growth.
  if (next > (ROOM[column[1].toLowerCase()] ?? 0) / 2) return createSql;
  const raised = counter
    ? tail.replace(counter[0], `AUTO_INCREMENT=${next}`)
    : tail.replace(/^\n\)/, `\n) AUTO_INCREMENT=${next}`);
  return createSql.slice(0, options) + raised;
}
