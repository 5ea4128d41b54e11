import type { TableSchema } from '@wcr/shared/contracts/agent-schema';

/** What the target's server knows. */
export type ServerAbilities = { readonly charsets: readonly string[]; readonly collations: readonly string[] };

/**
 * Rewrites charsets and collations that the target doesn't know to the nearest it does: `utf8mb4_0900_ai_ci` (MySQL 8)
 * and `utf8mb4_uca1400_ai_ci` (MariaDB 10.10) have no counterpart on the other server. The bytes of the rows stay.
 */
export function adaptCreateSql(
  table: Pick<TableSchema, 'createSql'>,
  abilities: ServerAbilities,
): { sql: string; changes: string[] } {
  const known = new Set(abilities.collations);
  const charsets = new Set(abilities.charsets);
  const changes = new Set<string>();
  const note = (from: string, to: string) => {
    if (from !== to) changes.add(`${from} → ${to}`);
    return to;
  };
  const sql = outsideQuotes(table.createSql, (text) =>
    text
      .replace(/(\bCOLLATE[ =]+)(\w+)/gi, (_all, lead: string, name: string) => lead + note(name, nearestCollation(name, known)))
      .replace(
        /(\b(?:CHARSET|CHARACTER SET)[ =]+)(\w+)/gi,
        (_all, lead: string, name: string) => lead + note(name, nearestCharset(name, charsets)),
      ),
  );
  return { sql, changes: [...changes] };
}

/**
 * Trailing spaces count in MySQL 8's `_0900_` collations and do not in most others, where a unique key takes `a` and `a `
 * for one: so collations that count them come first.
 */
function nearestCollation(name: string, known: ReadonlySet<string>): string {
  if (known.size === 0 || known.has(name)) return name;
  const charset = name.split('_')[0] ?? 'utf8mb4';
  const wishes = wishedCollations(name, charset);
  const alias = charset === 'utf8mb3' ? wishes.map((wish) => wish.replace('utf8mb3', 'utf8')) : [];
  return [...wishes, ...alias, 'utf8mb4_unicode_ci'].find((wish) => known.has(wish)) ?? name;
}

function wishedCollations(name: string, charset: string): string[] {
  const countsSpaces = /_0900_|_nopad_/.test(name);
  if (/_bin$|_as_cs(_ks)?$/.test(name)) return [...(countsSpaces ? [`${charset}_nopad_bin`] : []), `${charset}_bin`];
  const strength = /_as_ci$/.test(name) ? 'as_ci' : 'ai_ci';
  const plain = ['unicode_520_ci', 'unicode_ci', 'general_ci'].map((end) => `${charset}_${end}`);
  if (!countsSpaces) return plain;
  const newest = [`${charset}_uca1400_nopad_${strength}`, `${charset}_0900_${strength}`];
  return [...newest, ...plain.map((wish) => wish.replace(/_ci$/, '_nopad_ci')), ...plain];
}

function nearestCharset(name: string, known: ReadonlySet<string>): string {
  if (known.size === 0 || known.has(name)) return name;
  if (name === 'utf8mb3' && known.has('utf8')) return 'utf8';
  if (name === 'utf8' && known.has('utf8mb3')) return 'utf8mb3';
  return name;
}

/** Applies `change` to the parts of a statement that are outside of quoted texts and identifiers. */
function outsideQuotes(sql: string, change: (text: string) => string): string {
  const quoted = /'(?:[^'\\]|\\.|'')*'|`(?:[^`]|``)*`|"(?:[^"\\]|\\.|"")*"/g;
  let out = '';
  let at = 0;
  for (const match of sql.matchAll(quoted)) {
    out += change(sql.slice(at, match.index)) + match[0];
    at = match.index + match[0].length;
  }
  return out + change(sql.slice(at));
}
