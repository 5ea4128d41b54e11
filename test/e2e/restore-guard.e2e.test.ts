import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cloneOf, type EditedClone, type LiveSite, refusedRestore, restoreInto, startLiveSite } from '../support/restore-flow.ts';
import { runPhpIn } from '../support/sample-sources.ts';
import { changesBetween, differencesBetween, takeSnapshot } from '../support/site-snapshot.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

const THEME = 'wp-content/themes/sample-theme';
const SHOP = 'wp-content/plugins/sample-shop';

let stack: TestStack;
let live: LiveSite;
let clone: EditedClone;
let request: Record<string, unknown>;

beforeAll(async () => {
  stack = await startTestStack();
  live = await startLiveSite(stack, 'guarded');
  clone = await cloneOf(stack, live);
  request = { cloneId: clone.id, target: live.access };
});

afterAll(async () => {
  await live?.stop();
  await stack?.[Symbol.asyncDispose]();
});

const inLive = (php: string) => runPhpIn(live.dir, php);
const inClone = (php: string) => runPhpIn(clone.dir, php);
const page = (slug: string) => `get_page_by_path( '${slug}' )`;
const rename = (slug: string, title: string) =>
  `wp_update_post( array( 'ID' => ${page(slug)}->ID, 'post_title' => '${title}' ) );`;
const readLive = (path: string) => readFileSync(join(live.dir, path), 'utf8');
const writeBoth = (path: string, texts: { clone?: string; live?: string }) => {
  if (texts.clone !== undefined) writeFileSync(join(clone.dir, path), texts.clone);
  if (texts.live !== undefined) writeFileSync(join(live.dir, path), texts.live);
};

describe('the same post edited on both sides', () => {
  const lost = { kind: 'post', what: expect.stringContaining('About, live'), change: 'changed', lost: true };

  it('stops the restore, which tells what would be lost and writes nothing', async () => {
    await inClone(rename('about', 'About, clone'));
    await inLive(rename('about', 'About, live'));
    const { error, restore, before, after, staged } = await refusedRestore(stack, live, request);
    expect(error).toMatchObject({ code: 'restore.target_changed', message: expect.stringContaining('About, live') });
    expect(restore).toMatchObject({ status: 'failed', error: { code: 'restore.target_changed' }, restorePointUntil: null });
    expect(restore.report?.targetChanges).toContainEqual(lost);
    expect(differencesBetween(before, after)).toEqual([]);
    expect(staged).toEqual([]);
  });

  it('is overwritten when that is asked for, and the report says what was lost', async () => {
    const { report } = await restoreInto(stack, { ...request, overwriteTargetChanges: true });
    expect(report.targetChanges).toContainEqual(lost);
    expect(await inLive(`echo ${page('about')}->post_title;`)).toBe('About, clone');
  });
});

describe('the same file edited on both sides', () => {
  const file = `${THEME}/assets/site.js`;
  const lost = { kind: 'file', what: file, change: 'changed', lost: true };

  it('stops the restore', async () => {
    writeBoth(file, { clone: '// clone\n', live: '// live!\n' });
    const { error, restore, before, after, staged } = await refusedRestore(stack, live, request);
    expect(error).toMatchObject({ code: 'restore.target_changed', message: expect.stringContaining(file) });
    expect(restore.report?.targetChanges).toContainEqual(lost);
    expect(differencesBetween(before, after)).toEqual([]);
    expect(staged).toEqual(expect.not.arrayContaining(['.maintenance']));
  });

  it('is overwritten when that is asked for', async () => {
    const { report } = await restoreInto(stack, { ...request, overwriteTargetChanges: true });
    expect(report.targetChanges).toContainEqual(lost);
    expect(readLive(file)).toBe('// clone\n');
  });
});

it('a comment on a post that was edited in the clone is no conflict', async () => {
  await inClone(rename('welcome', 'Welcome, clone'));
  await inLive(
    `wp_insert_comment( array( 'comment_post_ID' => ${page('welcome')}->ID, 'comment_author' => 'Visitor', 'comment_content' => 'Hi' ) );`,
  );
  const state = `echo ${page('welcome')}->post_title, ' ', ${page('welcome')}->comment_count;`;
  const comments = Number((await inLive(state)).split(' ').at(-1));
  const { report } = await restoreInto(stack, request);
  expect(report.targetChanges).toContainEqual(expect.objectContaining({ kind: 'comment', change: 'new', lost: false }));
  expect(await inLive(state)).toBe(`Welcome, clone ${comments}`);
});

describe('parts that are kept', () => {
  const theme = `${THEME}/assets/dot.svg`;
  const upload = 'wp-content/uploads/2026/11/new.txt';

  it('themes and uploads stay as they are when that is asked for', async () => {
    writeBoth(theme, { clone: '<svg/>' });
    mkdirSync(join(clone.dir, upload, '..'), { recursive: true });
    writeBoth(upload, { clone: 'new' });
    await inClone("update_option( 'blogdescription', 'Only this' ); switch_theme( 'twentytwentyfour' );");
    const before = await takeSnapshot(stack, live);
    const { report } = await restoreInto(stack, { ...request, preserveThemes: true, preserveUploads: true });
    const changes = changesBetween(before, await takeSnapshot(stack, live));
    expect(changes.files).toEqual([]);
    expect(report).toMatchObject({ files: { sent: 0, removed: 0 }, themes: { changed: [] } });
    expect(await inLive("echo get_option( 'blogdescription' ), ' ', get_stylesheet();")).toBe('Only this sample-theme');
  });

  it('they come with the next restore', async () => {
    const before = await takeSnapshot(stack, live);
    await restoreInto(stack, request);
    const { files } = changesBetween(before, await takeSnapshot(stack, live));
    expect(files).toEqual(expect.arrayContaining([theme, upload]));
    expect(files.filter((path) => !path.startsWith('wp-content/uploads/'))).toEqual([theme]);
    expect(await inLive('echo get_stylesheet();')).toBe('twentytwentyfour');
  });
});

describe('plugins', () => {
  const main = `${SHOP}/sample-shop.php`;

  it('stay as they are, though another version is in the clone', async () => {
    writeBoth(main, { clone: readFileSync(join(clone.dir, main), 'utf8').replace('Version: 1.2.3', 'Version: 2.0.0') });
    writeBoth(`${SHOP}/new-in-2.php`, { clone: '<?php\n' });
    rmSync(join(clone.dir, SHOP, 'assets/shop.json'));
    const before = await takeSnapshot(stack, live);
    const { report } = await restoreInto(stack, request);
    expect(changesBetween(before, await takeSnapshot(stack, live)).files).toEqual([]);
    expect(report.plugins.changed).toEqual([]);
    expect(report.warnings).toEqual([expect.stringContaining('Sample Shop is 2.0.0 in the clone and 1.2.3 on the target')]);
  });

  it('become the clone’s as a whole when that is asked for; what only the live site has stays', async () => {
    mkdirSync(join(live.dir, 'wp-content/plugins/only-live'));
    writeBoth('wp-content/plugins/only-live/only-live.php', { live: '<?php\n// Plugin Name: Only Live\n// Version: 2.0\n' });
    const before = await takeSnapshot(stack, live);
    const { report } = await restoreInto(stack, { ...request, preservePlugins: false });
    expect(changesBetween(before, await takeSnapshot(stack, live)).files).toEqual(
      [`${SHOP}/assets/shop.json`, `${SHOP}/new-in-2.php`, main].sort(),
    );
    expect(report.plugins.changed).toEqual([{ name: 'Sample Shop', version: '2.0.0' }]);
    expect(report.plugins.preserved).toContainEqual({ name: 'Only Live', version: '2.0' });
    expect(existsSync(join(live.dir, SHOP, 'assets/shop.json'))).toBe(false);
    expect(readLive(main)).toContain('Version: 2.0.0');
    expect((await fetch(live.url)).status).toBe(200);
  });
});
