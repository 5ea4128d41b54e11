import { isUtf8 } from 'node:buffer';
import type { ColumnSchema, TableSchema } from '@wcr/shared/contracts/agent-schema';
import { mapPackedRows } from '../../drivers/agent/row-codec.ts';
import type { Rewriter } from '../../rewriter/rewriter.types.ts';

/** Charsets in which an ASCII address is not one byte a character; their text is left alone. */
const WIDE_CHARSETS = new Set(['ucs2', 'utf16', 'utf16le', 'utf32']);
const TEXT_LIMITS: Readonly<Record<string, number>> = { tinytext: 255, tinyblob: 255, text: 65_535, blob: 65_535 };

export type RowRewriting = {
  /** Rewrites packed rows; returns the same Buffer when nothing changes. */
  rewrite(rows: Buffer): Buffer;
  readonly replacements: () => number;
  /** Names of columns in which a rewritten value would not have fitted and was left as it was, with how often. */
  readonly tooLong: () => ReadonlyMap<string, number>;
};

/**
 * Rewriting of one table's rows: text, JSON, and binary columns whose bytes are text.
 * @param prefix the site's table prefix: its posts' `guid` is an identifier, not an address, and stays (WordPress's own
 *   rule); undefined rewrites that, too
 */
export function createRowRewriting(table: TableSchema, prefix: string | undefined, rewriter: Rewriter): RowRewriting {
  const columns = table.columns.filter((column) => !column.generated);
  const kept = prefix !== undefined && table.name === `${prefix}posts` ? 'guid' : undefined;
  const rules = columns.map((column) => (column.name === kept ? undefined : ruleOf(column)));
  const tooLong = new Map<string, number>();
  let replacements = 0;

  const mapValue = (value: Buffer, index: number): Buffer => {
    const rule = rules[index];
    if (rule === undefined || !rewriter.mayContain(value) || (rule.onlyIfText && !isUtf8(value))) return value;
    const result = rewriter.rewrite(value);
    if (result.bytes === value) return value;
    if (!rule.fits(result.bytes)) {
      const name = columns[index]?.name ?? '';
      tooLong.set(name, (tooLong.get(name) ?? 0) + 1);
      return value;
    }
    replacements += result.replacements;
    return result.bytes;
  };

  return {
    rewrite: (rows) => (rewriter.mayContain(rows) ? mapPackedRows(rows, columns.length, mapValue) : rows),
    replacements: () => replacements,
    tooLong: () => tooLong,
  };
}

type Rule = { readonly onlyIfText: boolean; fits(bytes: Buffer): boolean };

function ruleOf(column: ColumnSchema): Rule | undefined {
  if (column.charset !== null && WIDE_CHARSETS.has(column.charset)) return undefined;
  if (column.kind !== 'text' && column.kind !== 'json' && column.kind !== 'binary') return undefined;
  return { onlyIfText: column.kind === 'binary', fits: fitsInto(column) };
}

function fitsInto(column: ColumnSchema): (bytes: Buffer) => boolean {
  const type = column.type.toLowerCase();
  const sized = /^(?:var)?(char|binary)\((\d+)\)/.exec(type);
  if (sized?.[2] !== undefined) {
    const limit = Number(sized[2]);
    return sized[1] === 'char' ? (bytes) => charactersOf(bytes, column.charset) <= limit : (bytes) => bytes.length <= limit;
  }
  const limit = TEXT_LIMITS[/^\w+/.exec(type)?.[0] ?? ''];
  return limit === undefined ? () => true : (bytes) => bytes.length <= limit;
}

function charactersOf(bytes: Buffer, charset: string | null): number {
  if (charset === null || !charset.startsWith('utf8')) return bytes.length;
  let count = 0;
  for (const byte of bytes) if ((byte & 0xc0) !== 0x80) count += 1;
  return count;
}
