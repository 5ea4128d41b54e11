import type { RestoreOptions } from '@wcr/shared/contracts/restore';
import { PARKED_SUFFIX } from '../clone/file-rules.ts';
import { GUARD_FILES } from '../clone/steps/finish-clone.ts';
import type { SitePair } from './site-pair.ts';

/** What a restore does with a path of the site. `unit` names files that are only changed together. */
export type RestoreFileRule =
  | { readonly action: 'merge'; readonly unit?: string; readonly removes: boolean }
  | { readonly action: 'keep'; readonly reason: 'core' | 'site' | 'preserved' | 'own' };

/** Files of WordPress itself in the root; the rest of the root is the owner's. */
const CORE_FILES =
  /^(index|xmlrpc|wp-(activate|blog-header|comments-post|cron|links-opml|load|login|mail|settings|signup|trackback|config-sample))\.php$|^(license\.txt|readme\.html|liesmich\.html)$/;
const CORE_FOLDERS = /^(wp-admin|wp-includes)(\/|$)/;
/** Belongs to the host or to this one installation. */
const SITE_FILES = new Set([
  'wp-config.php',
  '.htaccess',
  '.htpasswd',
  '.user.ini',
  'php.ini',
  '.maintenance',
  'web.config',
  'error_log',
]);
const DROP_INS = ['object-cache.php', 'advanced-cache.php', 'db.php', 'debug.log'];
const MADE_ANEW = ['cache', 'upgrade', 'upgrade-temp-backup', 'wcr-mail', 'et-cache'];
const OWN_PLUGIN = 'wp-clone-restore';
const OWN_LOADER = '0-wp-clone-restore.php';
const WORK_FOLDER = 'wcr-work-';

/** Decides by path alone. Paths are relative to the root, raw bytes as latin1 strings. */
export function createRestoreFileRules(folders: SitePair['folders'], options: RestoreOptions): (path: string) => RestoreFileRule {
  const keeps = keptPaths(folders);
  const { plugins, themes, uploads } = folders;
  const parts: readonly { folder: string; isPreserved: boolean; rule: (path: string) => RestoreFileRule }[] = [
    { folder: uploads, isPreserved: options.preserveUploads, rule: () => ({ action: 'merge', removes: false }) },
    {
      folder: plugins,
      isPreserved: options.preservePlugins,
      rule: (path) => ({ action: 'merge', removes: true, unit: unitOf(path, plugins) }),
    },
    {
      folder: themes,
      isPreserved: options.preserveThemes,
      rule: (path) => ({ action: 'merge', removes: true, unit: unitOf(path, themes) }),
    },
  ];
  return (path) => {
    const kept = keeps.find(({ matches }) => matches(path));
    if (kept) return { action: 'keep', reason: kept.reason };
    const part = parts.find(({ folder }) => isIn(path, folder));
    if (part === undefined) return { action: 'merge', removes: true };
    return part.isPreserved ? { action: 'keep', reason: 'preserved' } : part.rule(path);
  };
}

type Kept = { reason: 'core' | 'site' | 'own'; matches: (path: string) => boolean };

function keptPaths({ content, plugins, muPlugins, uploads }: SitePair['folders']): Kept[] {
  const site = new Set([...SITE_FILES, ...DROP_INS.map((name) => `${content}/${name}`)]);
  const madeAnew = [content, uploads].flatMap((folder) => MADE_ANEW.map((name) => `${folder}/${name}`));
  const own = new Set([...GUARD_FILES, OWN_LOADER].map((file) => `${muPlugins}/${file}`));
  return [
    { reason: 'core', matches: (path) => CORE_FOLDERS.test(path) || CORE_FILES.test(path) },
    { reason: 'own', matches: (path) => own.has(path) || isIn(path, `${plugins}/${OWN_PLUGIN}`) },
    { reason: 'own', matches: (path) => path.startsWith(`${content}/${WORK_FOLDER}`) },
    { reason: 'site', matches: (path) => site.has(path) || path.endsWith(PARKED_SUFFIX) },
    { reason: 'site', matches: (path) => madeAnew.some((folder) => isIn(path, folder)) },
  ];
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** The plugin or theme a file belongs to. */
function unitOf(path: string, folder: string): string {
  return `${folder}/${path.slice(folder.length + 1).split('/')[0]}`;
}
