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

function nearestCollation(name: string, known: ReadonlySet<string>): string {
  if (known.size === 0 || known.has(name)) return name;
  const charset = name.split('_')[0] ?? 'utf8mb4';
  const binary = /_bin$|_as_cs$/.test(name);
  const wishes = binary ? [`${charset}_bin`] : [`${charset}_unicode_520_ci`, `${charset}_unicode_ci`, `${charset}_general_ci`];
  const alias = charset === 'utf8mb3' ? wishes.map((wish) => wish.replace('utf8mb3', 'utf8')) : [];
  return [...wishes, ...alias, 'utf8mb4_unicode_ci'].find((wish) => known.has(wish)) ?? name;
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
