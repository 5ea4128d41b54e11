import type { SiteFacts } from '@wcr/shared/contracts/agent-facts';
import { compareVersions } from '@wcr/shared/domain/compare-versions';
import { AppError } from '@wcr/shared/errors/app-error';
import type { BaseMeta } from '../../base/base-meta.ts';
import type { SiteInventory } from '../../drivers/agent/compare-reads.ts';
import { pathForPeople } from '../../drivers/agent/index-codec.ts';
import type { RewriteMap } from '../../rewriter/rewriter.types.ts';
import { relativeTo, trimSlash } from '../site-paths.ts';

/** What a restore must know of both sites; small and without secrets. Folders are relative to the root, without slashes at the ends, raw bytes as latin1 strings. */
export type SitePair = {
  from: { home: string; root: string; prefix: string };
  to: { home: string; root: string; prefix: string };
  folders: { content: string; plugins: string; muPlugins: string; themes: string; uploads: string };
  /** Whether the clone's base tells how this very target was. */
  hasBase: boolean;
  /** The clone's own administrator, and the user of the target who inherits what that one wrote. */
  adminId: number | null;
  heirId: number | null;
  activePlugins: { base: string[]; clone: string[]; target: string[] };
  plugins: { clone: SiteInventory['plugins']; target: SiteInventory['plugins'] };
  themes: { clone: SiteInventory['themes']; target: SiteInventory['themes'] };
};

export type SitesRead = {
  readonly clone: { readonly facts: SiteFacts; readonly inventory: SiteInventory };
  readonly target: { readonly facts: SiteFacts; readonly inventory: SiteInventory };
  readonly base: BaseMeta | undefined;
  /** Public address of a clone of ours, whose agent knows an internal one; else undefined. */
  readonly cloneUrl?: string | undefined;
};

/**
 * Matches the two sites.
 * @throws AppError `restore.core_older`, `restore.layout_differs`, `target.multisite_unsupported`, `target.layout_unsupported`
 */
export function pairSites({ clone, target, base, cloneUrl }: SitesRead): SitePair {
  refuseUnsupported(target.facts);
  refuseOlderCore(clone.facts.wordpress.version, target.facts.wordpress.version);
  const folders = foldersOf(target.facts);
  const others = foldersOf(clone.facts);
  for (const name of ['content', 'plugins', 'uploads'] as const) {
    if (folders[name] !== others[name])
      throw new AppError('restore.layout_differs', {
        reason: `${name} is ${pathForPeople(others[name])} there and ${pathForPeople(folders[name])} here`,
      });
  }
  const to = {
    home: trimSlash(target.facts.wordpress.home),
    root: trimSlash(target.facts.paths.root),
    prefix: target.facts.database.prefix,
  };
  const from = {
    home: trimSlash(cloneUrl ?? clone.facts.wordpress.home),
    root: trimSlash(clone.facts.paths.root),
    prefix: clone.facts.database.prefix,
  };
  return {
    from,
    to,
    folders,
    hasBase: base !== undefined && isSameSite(base.home, to.home) && base.prefix === to.prefix,
    adminId: base?.adminId ?? null,
    heirId: target.inventory.firstAdministrator,
    activePlugins: {
      base: base?.activePlugins ?? [],
      // The options as they are: a plugin that was left out of the clone is active in it still, though its files are not there.
      clone: clone.facts.wordpress.activePlugins,
      target: target.facts.wordpress.activePlugins,
    },
    plugins: { clone: clone.inventory.plugins, target: target.inventory.plugins },
    themes: { clone: clone.inventory.themes, target: target.inventory.themes },
  };
}

/** The addresses and paths that differ between clone and target. */
export function restoreMapOf({ from, to }: Pick<SitePair, 'from' | 'to'>): RewriteMap {
  return { urls: [{ from: from.home, to: to.home }], paths: [{ from: from.root, to: to.root }] };
}

function refuseUnsupported({ wordpress, paths }: SiteFacts): void {
  if (wordpress.multisite) throw new AppError('target.multisite_unsupported');
  const outside = paths.outsideRoot[0];
  if (outside !== undefined) throw new AppError('target.layout_unsupported', { what: outside });
}

/** A database of a newer WordPress under an older one's code is a broken site. */
function refuseOlderCore(clone: string, target: string): void {
  // What comes before a release has its database.
  const releaseOf = (version: string) => version.replace(/-.*/, '');
  if (compareVersions(releaseOf(target), releaseOf(clone)) < 0) throw new AppError('restore.core_older', { clone, target });
}

/** Folders as paths of the protocol are written: raw bytes as latin1 strings. */
function foldersOf({ paths }: SiteFacts): SitePair['folders'] {
  const pathOf = (folder: string) => Buffer.from(relativeTo(paths.root, folder), 'utf8').toString('latin1');
  const content = pathOf(paths.content);
  return {
    content,
    plugins: pathOf(paths.plugins),
    muPlugins: pathOf(paths.muPlugins),
    themes: `${content}/themes`,
    uploads: pathOf(paths.uploads),
  };
}

/** However their addresses are written: scheme, `www.` and case do not make another site. */
function isSameSite(a: string, b: string): boolean {
  const plain = (address: string) =>
    trimSlash(address)
      .toLowerCase()
      .replace(/^https?:\/\/(www\.)?/, '');
  return plain(a) === plain(b);
}
