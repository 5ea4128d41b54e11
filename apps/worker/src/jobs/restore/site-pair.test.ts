import type { SiteFacts } from '@wcr/shared/contracts/agent-facts';
import { expect, it } from 'vitest';
import type { BaseMeta } from '../../base/base-meta.ts';
import { pairSites, restoreMapOf, type SitesRead } from './site-pair.ts';

type Site = {
  version?: string;
  home?: string;
  prefix?: string;
  content?: string;
  multisite?: boolean;
  outside?: string[];
  active?: string[];
};

function site({
  version = '6.8',
  home = 'https://live.example',
  prefix = 'wp_',
  content = 'wp-content',
  ...more
}: Site = {}): SitesRead['target'] {
  const root = '/var/www/';
  const facts = {
    wordpress: { version, home, multisite: more.multisite ?? false, activePlugins: more.active ?? [] },
    paths: {
      ...{ root, content: `${root}${content}`, plugins: `${root}${content}/plugins`, muPlugins: `${root}${content}/mu-plugins` },
      ...{ uploads: `${root}${content}/uploads`, outsideRoot: more.outside ?? [] },
    },
    database: { prefix },
  };
  return { facts: facts as unknown as SiteFacts, inventory: { plugins: [], themes: [], firstAdministrator: 3 } };
}

const base: BaseMeta = {
  ...{ version: 1, home: 'http://www.live.example/', root: '/var/www', prefix: 'wp_', wordpressVersion: '6.8', adminId: 77 },
  ...{ activePlugins: ['a/a.php'], tables: [] },
};
const pair = (more: Partial<SitesRead> = {}) => pairSites({ clone: site(), target: site(), base, ...more });

it('knows the site a clone was made of, however its address is written', () => {
  expect(pair()).toMatchObject({ hasBase: true, adminId: 77, heirId: 3 });
});

it.each<[string, Partial<SitesRead>]>([
  ['to another site', { target: site({ home: 'https://other.example' }) }],
  ['to another folder of the same host', { target: site({ home: 'https://live.example/blog' }) }],
  ['to another prefix', { target: site({ prefix: 'wp2_' }) }],
  ['from a site that is no clone', { base: undefined }],
])('knows nothing of the target in a restore %s', (_case, more) => {
  expect(pair(more).hasBase).toBe(false);
});

it.each<[string, string, Partial<SitesRead>]>([
  ['restore.core_older', 'an older WordPress', { target: site({ version: '6.7.2' }) }],
  [
    'restore.core_older',
    'an older WordPress of two digits',
    { clone: site({ version: '6.10' }), target: site({ version: '6.9' }) },
  ],
  ['restore.layout_differs', 'other folders', { target: site({ content: 'assets' }) }],
  ['target.multisite_unsupported', 'a network', { target: site({ multisite: true }) }],
  ['target.layout_unsupported', 'folders outside of the root', { target: site({ outside: ['/srv/uploads'] }) }],
])('refuses with %s: %s', (code, _case, more) => {
  expect(() => pair(more)).toThrow(expect.objectContaining({ code }));
});

it.each([
  ['6.8', '6.8.1'],
  ['6.8', '6.8-RC2'],
  ['6.9', '6.10'],
])('takes a clone of WordPress %s to a target of %s', (clone, target) => {
  expect(pair({ clone: site({ version: clone }), target: site({ version: target }) }).hasBase).toBe(true);
});

it('replaces the clone’s public address and its folder', () => {
  const map = restoreMapOf(pair({ cloneUrl: 'http://127.0.0.1:8081/c/' }));
  expect(map.urls).toEqual([{ from: 'http://127.0.0.1:8081/c', to: 'https://live.example' }]);
  expect(map.paths).toEqual([{ from: '/var/www', to: '/var/www' }]);
});

it('writes folders as the protocol writes paths, in raw bytes', () => {
  const content = 'médias';
  const { folders } = pair({ clone: site({ content }), target: site({ content }) });
  expect(Buffer.from(folders.uploads, 'latin1').toString()).toBe('médias/uploads');
});

it('takes the lists of active plugins as the options hold them, whether or not the files are there', () => {
  const active = ['a/a.php', 'left-out/left-out.php'];
  const { activePlugins } = pair({ clone: site({ active }), target: site({ active }) });
  expect(activePlugins).toEqual({ base: ['a/a.php'], clone: active, target: active });
});
