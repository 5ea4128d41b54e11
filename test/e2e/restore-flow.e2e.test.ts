import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPLE } from '@wcr/stack/sites/sample-site';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workInAdmin } from '../support/clone-admin.ts';
import { type CloneLogin, type CloneView, makeClone, readCredentials, readJobLog } from '../support/clone-flow.ts';
import { readPasswords } from '../support/clone-probe.ts';
import { readRedis } from '../support/read-redis.ts';
import { type RestoreView, restoreInto, rollBack } from '../support/restore-flow.ts';
import { LONG_VALUES, loginOf, pairingKeyOf, runPhpIn, type Source, startSource } from '../support/sample-sources.ts';
import { changesBetween, differencesBetween, findMentions, type SiteSnapshot, takeSnapshot } from '../support/site-snapshot.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

const UPLOAD_MB = 24;
const SHOP = 'wp-content/plugins/sample-shop';
const FUNCTIONS = 'wp-content/themes/sample-theme/functions.php';
const POST = SAMPLE.post.slug;
/** The site's address in the forms in which plugins store it. */
const FORMS = `array(
  'plain'  => home_url( '/shop/' ),
  'json'   => wp_json_encode( array( 'link' => home_url( '/größe/' ), 'empty' => new stdClass() ) ),
  'twice'  => serialize( array( serialize( array( home_url() ) ) ) ),
  'coded'  => rawurlencode( home_url( '/a b/' ) ),
  'folder' => rtrim( ABSPATH, '/' ) . '/wp-content/uploads',
)`;

let stack: TestStack;
let live: Source;
let clone: CloneView;
let site: string;
let login: CloneLogin;
let postId: number;
let request: Record<string, unknown>;
let before: SiteSnapshot;
let after: SiteSnapshot;
let restored: Awaited<ReturnType<typeof restoreInto>>;
let known: { passwords: unknown; own: string };

beforeAll(async () => {
  stack = await startTestStack();
  live = await startSource(stack, 'live', {
    version: 'debian',
    uploadMb: UPLOAD_MB,
    mediaCount: 1,
    shopRows: 2_000,
    ...LONG_VALUES,
  });
  clone = await makeClone(stack, { source: loginOf(live) });
  site = join(stack.localDir, clone.id, 'site');
  login = await readCredentials(stack, clone.id);
  request = { cloneId: clone.id, target: loginOf(live) };
  postId = Number(await runPhpIn(live.dir, `echo get_page_by_path( '${POST}', OBJECT, 'post' )->ID;`));
});

afterAll(async () => {
  await live?.stop();
  await stack?.[Symbol.asyncDispose]();
});

const inLive = (php: string) => runPhpIn(live.dir, php);
const inClone = (php: string) => runPhpIn(site, php);
/** Options that are the site's own, as they are stored. */
const ownOptions = () =>
  inLive(
    `foreach ( $wpdb->get_results( "SELECT option_name, option_value FROM {$wpdb->options} WHERE option_name IN ( 'siteurl', 'home' )
      OR ( option_name LIKE 'wcr\\\\_%' AND option_name NOT LIKE 'wcr\\\\_nonce%' ) ORDER BY option_name" ) as $row ) {
      echo $row->option_name, ' = ', md5( $row->option_value ), "\\n";
    }`,
  );

describe('a clone is edited while the live site goes on', () => {
  it('people edit it in its wp-admin', async () => {
    await workInAdmin(login, async (admin) => {
      await admin.renamePost(postId, 'Renamed in the clone');
      await admin.draftPost('Drafted in the clone', `See ${clone.url}about/`);
      await admin.changeSetting('options-general.php', 'blogdescription', `Now at ${clone.url}about/`);
      await admin.changeSetting('options-reading.php', 'posts_per_page', '7');
      await admin.upload(join(live.dir, 'wp-admin/images/wordpress-logo.png'));
    });
    // The sample forbids WordPress's own editor of themes (DISALLOW_FILE_EDIT): developers edit its files.
    const functions = readFileSync(join(site, FUNCTIONS), 'utf8');
    writeFileSync(join(site, FUNCTIONS), `${functions}\nconst SAMPLE_THEME_NEWS = '${clone.url}news/';\n`);
    await inClone(
      `update_option( 'sample_shop_settings', ${FORMS} );
      update_post_meta( ${postId}, '_elementor_data', wp_slash( wp_json_encode( array( ${FORMS} ) ) ) );`,
    );
  });

  it('a plugin is updated, another one added, and visitors come', async () => {
    const header = readFileSync(join(live.dir, SHOP, 'sample-shop.php'), 'utf8');
    writeFileSync(join(live.dir, SHOP, 'sample-shop.php'), header.replace('Version: 1.2.3', 'Version: 1.3.0'));
    writeFileSync(join(live.dir, SHOP, 'new-in-1.3.php'), '<?php\n');
    mkdirSync(join(live.dir, 'wp-content/plugins/only-live'));
    writeFileSync(
      join(live.dir, 'wp-content/plugins/only-live/only-live.php'),
      '<?php\n// Plugin Name: Only Live\n// Version: 2.0\n',
    );
    await inLive(
      `require_once ABSPATH . 'wp-admin/includes/plugin.php';
      activate_plugin( 'only-live/only-live.php' );
      wp_insert_comment( array( 'comment_post_ID' => ${postId}, 'comment_author' => 'Visitor', 'comment_content' => 'Meanwhile' ) );
      wp_insert_user( array( 'user_login' => 'newcomer', 'user_pass' => 'newcomer-4711', 'role' => 'subscriber' ) );
      wp_insert_post( array( 'post_type' => 'shop_order', 'post_title' => 'An order', 'post_status' => 'publish' ) );`,
    );
  });
});

describe('a dry run', () => {
  let preview: RestoreView;

  it('writes nothing', async () => {
    before = await takeSnapshot(stack, live);
    known = { passwords: await readPasswords(stack, live.database.name, live.prefix), own: await ownOptions() };
    preview = await restoreInto(stack, { ...request, dryRun: true });
    expect(differencesBetween(before, await takeSnapshot(stack, live))).toEqual([]);
    expect(preview).toMatchObject({
      status: 'completed',
      restorePointUntil: null,
      report: { dryRun: true, integrity: 'none', maintenanceMs: 0 },
    });
  });

  it('names what is new on the live site, and that nothing of it would be lost', () => {
    const changes = preview.report?.targetChanges ?? [];
    expect(changes.filter(({ lost }) => lost)).toEqual([]);
    expect(changes).toEqual(
      expect.arrayContaining([
        { kind: 'comment', what: `by Visitor on post ${postId}`, change: 'new', lost: false },
        { kind: 'user', what: 'newcomer', change: 'new', lost: false },
        { kind: 'order', what: expect.stringMatching(/^#\d+$/), change: 'new', lost: false },
      ]),
    );
  });
});

describe('the restore', () => {
  it('brings what was edited, and nothing else changes', async () => {
    restored = await restoreInto(stack, request);
    after = await takeSnapshot(stack, live);
    expect(changesBetween(before, after)).toEqual({
      tables: ['options', 'postmeta', 'posts', 'term_relationships'].map((name) => live.prefix + name),
      files: [FUNCTIONS, expect.stringMatching(/logo-\d+x\d+\.png$/), expect.stringMatching(/logo\.png$/)],
    });
    expect(await inLive(`echo get_post( ${postId} )->post_title;`)).toBe('Renamed in the clone');
    expect(await (await fetch(`${live.url}/${POST}/`)).text()).toContain('Renamed in the clone');
    expect(await inLive(`echo get_option( 'blogdescription' ), ' ', get_option( 'posts_per_page' );`)).toBe(
      `Now at ${live.url}/about/ 7`,
    );
    expect(await inLive('echo SAMPLE_THEME_NEWS;')).toBe(`${live.url}/news/`);
  });

  it('its addresses are the live site’s in every form', async () => {
    const [option, meta] =
      (
        await inLive(
          `echo wp_json_encode( array(
          get_option( 'sample_shop_settings' ) == ${FORMS},
          get_post_meta( ${postId}, '_elementor_data', true ) === wp_json_encode( array( ${FORMS} ) ),
        ) );`,
        )
      ).match(/true|false/g) ?? [];
    expect([option, meta]).toEqual(['true', 'true']);
    expect(await findMentions(after, live.dir, clone.id)).toEqual([]);
  });

  it('what happened on the live site meanwhile is still there', async () => {
    expect(
      await inLive(
        `echo count( get_comments( array( 'search' => 'Meanwhile' ) ) ), get_post( ${postId} )->comment_count, ' ',
        username_exists( 'newcomer' ) ? 'user' : '', ' ', count( get_posts( array( 'post_type' => 'shop_order', 'title' => 'An order' ) ) ), ' ',
        implode( ',', get_option( 'active_plugins' ) );`,
      ),
    ).toBe('11 user 1 only-live/only-live.php,sample-shop/sample-shop.php,wp-clone-restore/wp-clone-restore.php');
    expect(await readPasswords(stack, live.database.name, live.prefix)).toEqual(known.passwords);
    expect(await ownOptions()).toBe(known.own);
  });

  it('the clone’s own administrator stays in the clone, and what that one wrote has an author', async () => {
    const author = `echo implode( ',', array_unique( $wpdb->get_col( "SELECT post_author FROM {$wpdb->posts} WHERE post_title IN ( 'Drafted in the clone', 'wordpress-logo' )" ) ) );`;
    expect(await inLive(author)).toBe(await inLive(`echo get_user_by( 'login', '${live.admin.username}' )->ID;`));
    expect(await inLive(`echo username_exists( '${login.username}' ) ? 'there' : 'not there';`)).toBe('not there');
    expect(
      await inLive(`echo $wpdb->get_var( "SELECT COUNT(*) FROM {$wpdb->usermeta} WHERE meta_key = 'wcr_clone_admin'" );`),
    ).toBe('0');
  });

  it('moves kilobytes of a large site, and says what it did', () => {
    const size = [...after.files.values()].reduce((sum, file) => sum + Number(/^\d+ \S+ (\d+)/.exec(file)?.[1] ?? 0), 0);
    expect(size).toBeGreaterThan(60 << 20);
    const { report } = restored;
    expect(report.bytesMoved).toBeLessThan(200 << 10);
    expect(report).toMatchObject({ dryRun: false, integrity: 'verified', files: { sent: 3, removed: 0 }, warnings: [] });
    expect(report.rowsWritten).toBe(
      report.tables.reduce((sum, { inserted, updated, deleted }) => sum + inserted + updated + deleted, 0),
    );
    expect(report.tables.map(({ how }) => how)).toEqual(Array(4).fill('rows'));
    expect(report.plugins).toMatchObject({ changed: [] });
    expect(report.plugins.preserved).toContainEqual({ name: 'Sample Shop', version: '1.3.0' });
    expect(report.maintenanceMs).toBeGreaterThan(0);
    expect(Date.parse(String(restored.restorePointUntil))).toBeGreaterThan(Date.now());
  });

  it('writes no password or key down', async () => {
    const secrets = [live.admin.password, login.password, live.database.password, await pairingKeyOf(live.dir)];
    const texts = [stack.readLogs(), await readJobLog(stack, restored.id), await readRedis(stack.redisUrl)];
    // Where nothing of the job stands, no secret would be found either.
    const marks = [restored.id, 'commit-restore', restored.id];
    expect(texts.map((text, index) => text.includes(marks[index] ?? ''))).toEqual([true, true, true]);
    for (const secret of secrets) expect(texts.some((text) => text.includes(secret))).toBe(false);
  });
});

describe('the same clone again', () => {
  const edit = (number: number) => inClone(`wp_update_post( array( 'ID' => ${postId}, 'post_title' => 'Edit ${number}' ) );`);
  const title = () => inLive(`echo get_post( ${postId} )->post_title;`);

  it('is edited and restored a second and a third time', async () => {
    await edit(2);
    await restoreInto(stack, request);
    expect(await title()).toBe('Edit 2');
    await edit(3);
    writeFileSync(join(site, FUNCTIONS), `${readFileSync(join(site, FUNCTIONS), 'utf8')}// Edit 3\n`);
    before = await takeSnapshot(stack, live);
    restored = await restoreInto(stack, request);
    expect(await title()).toBe('Edit 3');
  });

  it('the last restore is rolled back, and a comment that came after it stays', async () => {
    await inLive(
      `wp_insert_comment( array( 'comment_post_ID' => ${postId}, 'comment_author' => 'Late', 'comment_content' => 'Afterwards' ) );`,
    );
    expect((await rollBack(stack, restored.id)).restore).toMatchObject({ status: 'rolled-back', restorePointUntil: null });
    expect(await title()).toBe('Edit 2');
    expect(await inLive("echo count( get_comments( array( 'search' => 'Afterwards' ) ) );")).toBe('1');
    await inLive("wp_delete_comment( get_comments( array( 'search' => 'Afterwards' ) )[0]->comment_ID, true );");
    expect(differencesBetween(before, await takeSnapshot(stack, live))).toEqual([]);
  });
});
