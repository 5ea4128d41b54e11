import { expect, it } from 'vitest';
import { createRestoreFileRules } from './restore-file-rules.ts';
import { ALL, OPTIONS, pairOf } from './testing/site-pair.fixture.ts';

const { folders } = pairOf();
const rule = createRestoreFileRules(folders, ALL);
const careful = createRestoreFileRules(folders, { ...OPTIONS, preserveUploads: true });

it.each([
  ['wp-admin/index.php', 'core'],
  ['wp-includes/version.php', 'core'],
  ['index.php', 'core'],
  ['wp-login.php', 'core'],
  ['wp-config.php', 'site'],
  ['.htaccess', 'site'],
  ['.user.ini.wcr-parked', 'site'],
  ['wp-content/object-cache.php', 'site'],
  ['wp-content/object-cache.php.wcr-parked', 'site'],
  ['wp-content/cache/page.html', 'site'],
  ['wp-content/uploads/cache/x', 'site'],
  ['wp-content/plugins/wp-clone-restore/wp-clone-restore.php', 'own'],
  ['wp-content/mu-plugins/wcr-clone-guard.php', 'own'],
  ['wp-content/mu-plugins/wcr-clone-login.php', 'own'],
  ['wp-content/mu-plugins/0-wp-clone-restore.php', 'own'],
  ['wp-content/wcr-work-1f/journal', 'own'],
])('never takes %s along', (path, reason) => {
  expect(rule(path)).toEqual({ action: 'keep', reason });
});

it.each([
  'google123.html',
  'robots.txt',
  'wp-content/languages/de_DE.mo',
  'wp-content/mu-plugins/own.php',
  'wp-content/uploads/.htaccess',
])('merges %s', (path) => {
  expect(rule(path)).toMatchObject({ action: 'merge' });
});

it('takes a plugin, also one of a single file, and a theme as one unit', () => {
  const unit = (path: string) => {
    const decided = rule(path);
    return decided.action === 'merge' ? decided.unit : undefined;
  };
  expect(unit('wp-content/plugins/shop/includes/cart.php')).toBe('wp-content/plugins/shop');
  expect(unit('wp-content/plugins/hello.php')).toBe('wp-content/plugins/hello.php');
  expect(unit('wp-content/themes/twenty/style.css')).toBe('wp-content/themes/twenty');
  expect(unit('wp-content/uploads/2024/a.jpg')).toBeUndefined();
});

it('removes nothing from uploads', () => {
  expect(rule('wp-content/uploads/a.jpg')).toEqual({ action: 'merge', removes: false });
});

it('keeps plugins, themes and uploads that are to be preserved, and not what is only named alike', () => {
  for (const path of ['wp-content/plugins/a/a.php', 'wp-content/themes/t/style.css', 'wp-content/uploads/a.jpg'])
    expect(careful(path)).toEqual({ action: 'keep', reason: 'preserved' });
  expect(careful('wp-content/plugins-old/a.php')).toMatchObject({ action: 'merge' });
});
