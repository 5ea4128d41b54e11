import { openInside } from './open-inside.ts';

/** Longer ones are no plain denials. */
const MAX_BYTES = 16 * 1024;
const DENIAL = /^(deny\s+from\s+all|require\s+all\s+denied)$/i;
/** Says nothing about who may read, or only which of two spellings of the same denial counts. */
const SILENT = /^($|#|<\/?ifmodule\b|order\s|options\s|satisfy\s+all$|indexignore\s)/i;
/** Whatever else speaks of access: it may let some in, so it is no plain denial, and takes the place of those above. */
const ACCESS = /^(allow|deny|require|satisfy|<(files|filesmatch|limit|limitexcept|requireany|requireall|if)\b)/i;

/**
 * True when the `.htaccess` beside a file, or the nearest above that speaks of access, keeps everybody out and does nothing
 * else, as plugins write it into folders of logs, exports and backups.
 */
export async function isDeniedByFolder(site: string, path: string): Promise<boolean> {
  const folders = path.split('/').slice(0, -1);
  for (; ; folders.pop()) {
    const rules = await readRules(site, folders);
    if (isPlainDenial(rules)) return true;
    if (folders.length === 0 || rules.some((line) => ACCESS.test(line))) return false;
  }
}

function isPlainDenial(rules: readonly string[]): boolean {
  const telling = rules.filter((line) => !SILENT.test(line));
  return telling.length > 0 && telling.every((line) => DENIAL.test(line));
}

async function readRules(site: string, folders: readonly string[]): Promise<string[]> {
  await using file = await openInside(site, [...folders, '.htaccess'].join('/'));
  if (file === undefined || (await file.stat()).size > MAX_BYTES) return [];
  const text = await file.readFile('utf8').catch(() => '');
  return text.split('\n').map((line) => line.trim());
}
