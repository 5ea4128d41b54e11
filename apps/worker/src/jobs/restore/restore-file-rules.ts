import type { RestoreOptions } from '@wcr/shared/contracts/restore';
import { PARKED_SUFFIX } from '../clone/file-rules.ts';
import { GUARD_FILE } from '../clone/steps/finish-clone.ts';
import type { SitePair } from './site-pair.ts';

/** What a restore does with a path of the site. `unit` names files that are only changed together. */
export type RestoreFileRule =
  | { readonly action: 'merge'; readonly unit?: string; readonly removes: boolean }
  | { readonly action: 'keep'; readonly reason: 'core' | 'site' | 'preserved' | 'own' };

/** Files of WordPress itself in the root; the rest of the root is the owner's. */
const CORE_FILES = /^(index|xmlrpc|wp-(activate|blog-header|comments-post|cron|links-opml|load|login|mail|settings|signup|trackback|config-sample))\.php$|^(license\.txt|readme\.html|liesmich\.html)$/;
const CORE_FOLDERS = /^(wp-admin|wp-includes)(\/|$)/;
/** Belongs to the host or to this one installation. */
const SITE_FILES = new Set(['wp-config.php', '.htaccess', '.htpasswd', '.user.ini', 'php.ini', '.maintenance', 'web.config', 'error_log']);
const DROP_INS = ['object-cache.php', 'advanced-cache.php', 'db.php', 'debug.log'];
const MADE_ANEW = ['cache', 'upgrade', 'upgrade-temp-backup', 'wcr-mail', 'et-cache'];
const OWN_PLUGIN = 'wp-clone-restore';
const OWN_LOADER = '0-wp-clone-restore.php';
const WORK_FOLDER = 'wcr-work-';

const SITE = { action: 'keep', reason: 'site' } as const;
const OWN = { action: 'keep', reason: 'own' } as const;
const PRESERVED = { action: 'keep', reason: 'preserved' } as const;

/** Decides by path alone. Paths are relative to the root, raw bytes as latin1 strings. */
export function createRestoreFileRules(folders: SitePair['folders'], options: RestoreOptions): (path: string) => RestoreFileRule {
  const { content, plugins, muPlugins, themes, uploads } = folders;
  const site = new Set([...SITE_FILES, ...DROP_INS.map((name) => `${content}/${name}`)]);
  const madeAnew = [...MADE_ANEW.map((name) => `${content}/${name}`), ...MADE_ANEW.map((name) => `${uploads}/${name}`)];
  const own = new Set([`${muPlugins}/${GUARD_FILE}`, `${muPlugins}/${OWN_LOADER}`]);
  const isOwn = (path: string) => own.has(path) || isIn(path, `${plugins}/${OWN_PLUGIN}`) || path.startsWith(`${content}/${WORK_FOLDER}`);
  return (path) => {
    if (CORE_FOLDERS.test(path) || CORE_FILES.test(path)) return { action: 'keep', reason: 'core' };
    if (isOwn(path)) return OWN;
    if (site.has(path) || path.endsWith(PARKED_SUFFIX) || madeAnew.some((folder) => isIn(path, folder))) return SITE;
    if (isIn(path, uploads)) return options.preserveUploads ? PRESERVED : { action: 'merge', removes: false };
    if (isIn(path, plugins)) return options.preservePlugins ? PRESERVED : { action: 'merge', removes: true, unit: unitOf(path, plugins) };
    if (isIn(path, themes)) return options.preserveThemes ? PRESERVED : { action: 'merge', removes: true };
    return { action: 'merge', removes: true };
  };
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** The plugin a file belongs to. */
function unitOf(path: string, plugins: string): string {
  return `${plugins}/${path.slice(plugins.length + 1).split('/')[0]}`;
}
