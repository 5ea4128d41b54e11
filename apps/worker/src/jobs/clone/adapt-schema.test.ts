import { expect, it } from 'vitest';
import { adaptCreateSql } from './adapt-schema.ts';

const mariadb = {
  charsets: ['utf8mb4', 'utf8mb3', 'latin1'],
  collations: ['utf8mb4_unicode_520_ci', 'utf8mb4_unicode_ci', 'utf8mb4_bin', 'utf8mb3_general_ci', 'latin1_swedish_ci'],
};

it('maps collations of other servers to the nearest one known', () => {
  const { sql, changes } = adaptCreateSql(
    {
      createSql:
        'CREATE TABLE {{table}} (`a` text COLLATE utf8mb4_0900_ai_ci, `b` char(3) COLLATE utf8mb4_0900_as_cs) COLLATE=utf8mb4_uca1400_ai_ci',
    },
    mariadb,
  );
  expect(sql).toBe(
    'CREATE TABLE {{table}} (`a` text COLLATE utf8mb4_unicode_520_ci, `b` char(3) COLLATE utf8mb4_bin) COLLATE=utf8mb4_unicode_520_ci',
  );
  expect(changes).toHaveLength(3);
});

it('keeps trailing spaces apart where the server can', () => {
  const adapt = (name: string, ...collations: string[]) =>
    adaptCreateSql({ createSql: `CREATE TABLE {{table}} (a text COLLATE ${name})` }, { charsets: ['utf8mb4'], collations }).sql;
  const older = ['utf8mb4_unicode_520_ci', 'utf8mb4_unicode_520_nopad_ci', 'utf8mb4_bin', 'utf8mb4_nopad_bin'];
  expect(adapt('utf8mb4_0900_ai_ci', ...older)).toContain('COLLATE utf8mb4_unicode_520_nopad_ci)');
  expect(adapt('utf8mb4_0900_as_cs', ...older)).toContain('COLLATE utf8mb4_nopad_bin)');
  expect(adapt('utf8mb4_ja_0900_as_cs_ks', ...older)).toContain('COLLATE utf8mb4_nopad_bin)');
  expect(adapt('utf8mb4_0900_bin', ...older)).toContain('COLLATE utf8mb4_nopad_bin)');
  expect(adapt('utf8mb4_0900_as_ci', ...older, 'utf8mb4_uca1400_nopad_as_ci')).toContain('COLLATE utf8mb4_uca1400_nopad_as_ci)');
  expect(adapt('utf8mb4_uca1400_ai_ci', ...older)).toContain('COLLATE utf8mb4_unicode_520_ci)');
  expect(adapt('utf8mb4_unicode_520_nopad_ci', 'utf8mb4_unicode_520_ci', 'utf8mb4_0900_ai_ci')).toContain(
    'COLLATE utf8mb4_0900_ai_ci)',
  );
});

it('knows that utf8 and utf8mb3 are one charset', () => {
  expect(adaptCreateSql({ createSql: 'CREATE TABLE {{table}} (a text) DEFAULT CHARSET=utf8' }, mariadb).sql).toContain(
    'CHARSET=utf8mb3',
  );
});

it('leaves comments, defaults and names alone', () => {
  const createSql =
    "CREATE TABLE {{table}} (`COLLATE x` int COMMENT 'COLLATE utf8mb4_0900_ai_ci it''s', b varchar(9) DEFAULT 'a\\'COLLATE=nope')";
  expect(adaptCreateSql({ createSql }, mariadb)).toEqual({ sql: createSql, changes: [] });
});
