import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { createRewriter } from '@wcr/worker/rewriter/rewriter';
import { compareDatabases, compareSets, type DatabaseSide, leaksInText } from './compare-databases.ts';
import type { Difference, Neutralise } from './difference.ts';

export type SiteSide = { readonly url: string; readonly dir: string; readonly db: DatabaseSide; readonly prefix: string };

const MAX_TEXT_BYTES = 8 << 20;

/** Names and file patterns that a clone may have, lack or change, and why stands in docs/concepts.md. */
const OWN_FILES = [
  /^wp-config\.php$/,
  /^wp-content\/mu-plugins\/wcr-clone-(guard|login)\.php$/,
  /^wp-content\/wcr-/,
  /^\.htaccess$/,
];
const PARKED = /^(wp-content\/(?:object-cache|advanced-cache|db)\.php|\.user\.ini|php\.ini)(\.wcr-parked)?$/;

/**
 * Walks every table and file of a source and its clone.
 * @returns every difference that is not allowed; empty for a faithful clone
 */
export async function compareSites(
  source: SiteSide,
  clone: SiteSide,
  options: {
    isSiteTable?: (name: string) => boolean;
    foreign?: readonly string[];
    /** Files in which no address is looked for, since there can be none. */
    addressless?: RegExp;
  } = {},
): Promise<Difference[]> {
  const rewriter = createRewriter({
    urls: [{ from: source.url, to: clone.url }],
    paths: [{ from: source.dir.replace(/\/$/, ''), to: clone.dir.replace(/\/$/, '') }],
  });
  const inverse = createRewriter(rewriter.inverse);
  const undo = (bytes: Buffer) => inverse.rewrite(bytes).bytes;
  const neutralise: Neutralise = { source: (bytes) => undo(rewriter.rewrite(bytes).bytes), clone: undo };
  const { prefix } = source;
  const own = [
    { table: `${prefix}users`, where: `ID IN (SELECT user_id FROM ${prefix}usermeta WHERE meta_key = 'wcr_clone_admin')` },
    {
      table: `${prefix}usermeta`,
      where: `user_id IN (SELECT user_id FROM (SELECT user_id FROM ${prefix}usermeta WHERE meta_key = 'wcr_clone_admin') AS own)`,
    },
    {
      table: `${prefix}options`,
      where: "option_name LIKE 'wcr\\_%' OR option_name LIKE '%\\_transient\\_%' OR option_name IN ('cron')",
    },
  ];
  const rules = {
    isSiteTable: options.isSiteTable ?? ((name: string) => name.startsWith(prefix) && !name.startsWith(`${prefix}wcr_`)),
    ownRows: own,
    foreign: options.foreign ?? [],
    keepsAddress: (table: string, column: string) => table === `${prefix}posts` && column === 'guid',
    sourceMarks: [
      new URL(source.url).host.toLowerCase() + (new URL(source.url).pathname.replace(/\/$/, '') || ''),
      source.dir.replace(/\/$/, '').toLowerCase(),
    ],
  };
  return [
    ...(await compareDatabases(source.db, clone.db, rules, neutralise)),
    ...compareFiles(source.dir, clone.dir, {
      ...{ neutralise, marks: rules.sourceMarks, foreign: rules.foreign },
      ...(options.addressless && { addressless: options.addressless }),
    }),
  ];
}

function compareFiles(sourceDir: string, cloneDir: string, rules: FileRules): Difference[] {
  const wanted = listFiles(sourceDir).filter(isCompared);
  const found = listFiles(cloneDir).filter(isCompared);
  const differences = compareSets('file', wanted, found);
  const both = new Set(found);
  for (const path of wanted.filter((candidate) => both.has(candidate))) {
    differences.push(...compareFile(join(sourceDir, path), join(cloneDir, path), path, rules));
  }
  return differences;
}

function isCompared(path: string): boolean {
  return !OWN_FILES.some((pattern) => pattern.test(path)) && !PARKED.test(path);
}

type FileRules = {
  neutralise: Neutralise;
  marks: readonly string[];
  foreign: readonly string[];
  addressless?: RegExp;
};

function compareFile(left: string, right: string, path: string, rules: FileRules): Difference[] {
  const [before, after] = [lstatSync(left), lstatSync(right)];
  if (kindOf(before) !== kindOf(after))
    return [{ kind: 'file', where: path, detail: `${kindOf(before)} became ${kindOf(after)}` }];
  if (before.isSymbolicLink())
    return readlinkSync(left) === readlinkSync(right) ? [] : [{ kind: 'file', where: path, detail: 'the link differs' }];
  if (before.isDirectory()) return [];
  const copy = readFileSync(right);
  return [...leaksInFile(copy, path, rules), ...compareBytes(readFileSync(left), copy, path, rules)];
}

function kindOf(entry: Stats): string {
  if (entry.isSymbolicLink()) return 'a link';
  return entry.isDirectory() ? 'a folder' : 'a file';
}

function leaksInFile(bytes: Buffer, path: string, { addressless, marks, foreign }: FileRules): Difference[] {
  if (addressless?.test(path) || bytes.length > MAX_TEXT_BYTES || bytes.includes(0)) return [];
  return leaksInText(bytes, { marks, foreign }).map((detail) => ({ kind: 'leak', where: path, detail }));
}

function compareBytes(before: Buffer, after: Buffer, path: string, rules: FileRules): Difference[] {
  const same = before.equals(after) || digest(rules.neutralise.source(before)) === digest(rules.neutralise.clone(after));
  return same ? [] : [{ kind: 'bytes', where: path, detail: `${before.length} and ${after.length} bytes` }];
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Every entry below a folder, relative to it; names keep their bytes. */
function listFiles(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.replace(/\/$/, '').length + 1))
    .sort();
}
