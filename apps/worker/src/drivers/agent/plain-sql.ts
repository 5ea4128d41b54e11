import type { TablesAnswer } from '@wcr/shared/contracts/agent-schema';
import { AppError } from '@wcr/shared/errors/app-error';

/** A quoted name or text, a word, white space, or any other character, as the server itself would read them. */
const TOKEN = /`(?:[^`]|``)*`|'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*"|[\w$@\u0080-\uffff]+|\s+|./gsu;

/** Reads of files, writes of files, and other places than the table's own. */
const FORBIDDEN_WORDS: ReadonlySet<string> = new Set([
  ...['SELECT', 'TABLE', 'UNION', 'CONNECTION', 'DIRECTORY', 'FOREIGN', 'REFERENCES', 'LOAD_FILE', 'OUTFILE', 'DUMPFILE'],
]);
/** Engines whose rows lie elsewhere: on other servers, in any file, in other tables. */
const FORBIDDEN_ENGINES: ReadonlySet<string> = new Set([
  ...['FEDERATED', 'FEDERATEDX', 'CONNECT', 'SPIDER', 'S3', 'MERGE', 'MRG_MYISAM', 'OQGRAPH', 'SPHINX', 'PERFORMANCE_SCHEMA'],
]);

const NAME = '`(?:[^`]|``)+`';
const NAMES = String.raw`\(\s*${NAME}(?:\s*,\s*${NAME})*\s*\)`;
const FOREIGN_KEY = new RegExp(
  String.raw`^ALTER TABLE \{\{table\}\} ADD (?:CONSTRAINT ${NAME}\s+)?FOREIGN KEY\s*(?:${NAME}\s*)?${NAMES}\s*` +
    String.raw`REFERENCES \{\{table:(?:(?!\}\}).)+\}\}\s*${NAMES}` +
    String.raw`(?:\s+MATCH \w+|\s+ON (?:DELETE|UPDATE) (?:RESTRICT|CASCADE|SET NULL|NO ACTION|SET DEFAULT))*\s*$`,
  'isu',
);
const VIEW = new RegExp(`^CREATE VIEW (${NAME}) AS `, 'isu');
const TRIGGER =
  /^\s*CREATE TRIGGER\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:`(?:[^`]|``)+`|[^\s`'"(;]+)\s+(?:BEFORE|AFTER)\s+(?:INSERT|UPDATE|DELETE)\s+ON\s/iu;
const UNREADABLE = 'it hides what it says';
const FILES = /\b(?:LOAD_FILE|OUTFILE|DUMPFILE)\b/iu;

/** What servers print is shorter; what is longer would only keep us busy. */
const MAX_LENGTH = 1 << 20;

/**
 * Refuses a structure that would do more in a copy than be one: other statements, other rows, places outside of the database.
 * @throws AppError `source.database_unsupported` that names what is odd
 */
export function assertPlainSchema({ tables, views, triggers }: TablesAnswer): void {
  for (const { name, createSql, foreignKeys } of tables) {
    refuse(`table ${name}`, oddityOfTable(createSql));
    for (const key of foreignKeys) refuse(`foreign key ${key.name} of ${name}`, oddityOfForeignKey(key.sql));
  }
  for (const { name, sql } of views) refuse(`view ${name}`, oddityOfView(name, sql));
  for (const { name, sql } of triggers) refuse(`trigger ${name}`, oddityOfTrigger(sql));
}

function refuse(what: string, oddity: string | undefined): void {
  if (oddity === undefined) return;
  throw new AppError('source.database_unsupported', { reason: `${what.slice(0, 200)} is not what it should be: ${oddity}` });
}

/**
 * Why a definition is more than one new table of its own: another statement, a copy of other rows, a place outside of the
 * database. Undefined for `CREATE TABLE {{table}} (…) …` as servers print it.
 */
export function oddityOfTable(createSql: string): string | undefined {
  const opening = /^CREATE TABLE \{\{table\}\} \(\s*/i.exec(createSql);
  if (!opening) return 'it does not create the table';
  const tokens = tokensOf(createSql.slice(opening[0].length));
  if (tokens === undefined) return UNREADABLE;
  if (tokens[0]?.toUpperCase() === 'LIKE') return 'it copies another table';
  const word = tokens.find((token) => FORBIDDEN_WORDS.has(token.toUpperCase()));
  if (word !== undefined) return `it says ${word.toUpperCase()}`;
  const engine = enginesIn(tokens).find((name) => FORBIDDEN_ENGINES.has(name));
  if (engine !== undefined) return `the rows of ${engine} lie elsewhere`;
  return tokens.includes(';') ? 'it is more than one statement' : undefined;
}

/** Why a statement is more than a foreign key of `{{table}}`. */
export function oddityOfForeignKey(sql: string): string | undefined {
  return sql.length <= MAX_LENGTH && FOREIGN_KEY.test(sql) ? undefined : 'it is no foreign key';
}

/** Why a statement is more than the view it is named after. */
export function oddityOfView(name: string, sql: string): string | undefined {
  const tokens = tokensOf(sql);
  if (tokens === undefined) return UNREADABLE;
  if (VIEW.exec(sql)?.[1] !== `\`${name.replaceAll('`', '``')}\``) return 'it creates something else';
  if (tokens.includes(';')) return 'it is more than one statement';
  return readsFiles(sql);
}

/**
 * Why a statement is more than a trigger. Its body is code like a plugin's is, with comments and semicolons; the server takes
 * one statement at a time.
 */
export function oddityOfTrigger(sql: string): string | undefined {
  return sql.length <= MAX_LENGTH && TRIGGER.test(sql) ? readsFiles(sql) : 'it is no trigger';
}

function readsFiles(sql: string): string | undefined {
  return FILES.test(sql) ? 'it reads or writes files' : undefined;
}

/**
 * Tokens without white space; undefined where what we read and what a server reads may differ: in comments, in quotes without
 * an end, and in texts with the end of a comment inside of one that only some servers execute.
 */
function tokensOf(sql: string): string[] | undefined {
  if (sql.length > MAX_LENGTH) return undefined;
  const tokens = Array.from(sql.matchAll(TOKEN), ([token]) => token);
  const isDoubtful = hasPlainComment(tokens) || hasDoubtfulQuote(tokens);
  return isDoubtful ? undefined : tokens.filter((token) => token.trim() !== '');
}

function hasDoubtfulQuote(tokens: readonly string[]): boolean {
  let isInside = false;
  for (const [at, token] of tokens.entries()) {
    const pair = (tokens[at - 1] ?? '') + token;
    if (pair === '/*') isInside = true;
    if (pair === '*/') isInside = false;
    if (/^['"`\0\\]$/u.test(token) || (isInside && /^['"`].*\*\//su.test(token))) return true;
  }
  return isInside;
}

/** `/*!80016 …` is executed by servers of that version, `/*M!…` by MariaDB; anything else is no part of what servers print. */
function hasPlainComment(tokens: readonly string[]): boolean {
  return tokens.some((token, at) => {
    const [second, third, fourth] = tokens.slice(at + 1, at + 4);
    if (token === '#' || (token === '-' && second === '-')) return true;
    return token === '/' && second === '*' && third !== '!' && !(third === 'M' && fourth === '!');
  });
}

function enginesIn(tokens: readonly string[]): string[] {
  return tokens.flatMap((token, at) => {
    if (token.toUpperCase() !== 'ENGINE') return [];
    const name = tokens[at + 1] === '=' ? tokens[at + 2] : tokens[at + 1];
    return name === undefined ? [] : [name.replaceAll(/^['"`]|['"`]$/g, '').toUpperCase()];
  });
}
