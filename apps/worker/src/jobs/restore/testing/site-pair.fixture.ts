import type { RestoreOptions } from '@wcr/shared/contracts/restore';
import type { SitePair } from '../site-pair.ts';

export const OPTIONS: RestoreOptions = {
  ...{ preservePlugins: true, preserveThemes: true, preserveUploads: false },
  ...{ verifyIntegrity: true, dryRun: false, overwriteTargetChanges: false },
};
/** Nothing of the target is kept for its own sake. */
export const ALL: RestoreOptions = { ...OPTIONS, preservePlugins: false, preserveThemes: false };

export function pairOf(more: Partial<SitePair> = {}): SitePair {
  return {
    from: { home: 'http://127.0.0.1:8081/clone', root: '/srv/clones/1', prefix: 'wp_' },
    to: { home: 'https://live.example', root: '/var/www', prefix: 'wp_' },
    folders: {
      ...{ content: 'wp-content', plugins: 'wp-content/plugins', muPlugins: 'wp-content/mu-plugins' },
      ...{ themes: 'wp-content/themes', uploads: 'wp-content/uploads' },
    },
    ...{ hasBase: true, adminId: 77, heirId: 1 },
    activePlugins: { base: [], clone: [], target: [] },
    plugins: { clone: [], target: [] },
    themes: { clone: [], target: [] },
    ...more,
  };
}
