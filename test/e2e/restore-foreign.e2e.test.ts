import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LiveSite, refusedRestore, restoreInto, startLiveSite } from '../support/restore-flow.ts';
import { runPhpIn } from '../support/sample-sources.ts';
import { differencesBetween, findMentions, takeSnapshot } from '../support/site-snapshot.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

let stack: TestStack;
let other: LiveSite;
let live: LiveSite;
let request: Record<string, unknown>;

beforeAll(async () => {
  stack = await startTestStack();
  other = await startLiveSite(stack, 'other', { prefix: 'xy_' });
  live = await startLiveSite(stack, 'target');
  request = { source: other.access, target: live.access };
  await runPhpIn(
    other.dir,
    `wp_update_post( array( 'ID' => 1, 'post_title' => 'From the other site' ) );
    update_option( 'blogname', 'The Other' );
    wp_roles()->add_role( 'keeper', 'Keeper', array( 'read' => true ) );`,
  );
});

afterAll(async () => {
  await other?.stop();
  await live?.stop();
  await stack?.[Symbol.asyncDispose]();
});

const inLive = (php: string) => runPhpIn(live.dir, php);

it('the state of a stranger’s site is not taken over by mistake', async () => {
  const { error, restore, before, after, staged } = await refusedRestore(stack, live, request);
  expect(error.code).toBe('restore.target_changed');
  expect(restore.report?.targetChanges).toContainEqual(expect.objectContaining({ kind: 'post', lost: true }));
  expect(differencesBetween(before, after)).toEqual([]);
  expect(staged).toEqual([]);
});

it('it is taken over when that is asked for, under the target’s address and prefix', async () => {
  await restoreInto(stack, { ...request, overwriteTargetChanges: true });
  expect(await inLive("echo get_post( 1 )->post_title, ', ', get_bloginfo( 'name' ), ', ', home_url();")).toBe(
    `From the other site, The Other, ${live.url}`,
  );
  const after = await takeSnapshot(stack, live);
  expect([...after.tables.keys()].filter((name) => name.startsWith('xy_'))).toEqual([]);
  for (const mark of [`${other.url}/wp-content/`, `${other.url}/about/`, other.dir])
    expect(await findMentions(after, live.dir, mark)).toEqual([]);
  const page = await fetch(live.url);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('The Other');
});

it('names that begin with the prefix are the target’s, so that its people may do what they could', async () => {
  const names = `$wpdb->get_var( "SELECT COUNT(*) FROM {$wpdb->options} WHERE option_name LIKE 'xy\\\\_%'" ),
    $wpdb->get_var( "SELECT COUNT(*) FROM {$wpdb->usermeta} WHERE meta_key LIKE 'xy\\\\_%'" )`;
  expect(await inLive(`echo ${names};`)).toBe('00');
  expect(await inLive("echo get_role( 'keeper' ) ? 'keeper' : 'none';")).toBe('keeper');
  const { username, password } = other.admin;
  const can = `$user = wp_authenticate( '${username}', '${password}' );
    echo is_wp_error( $user ) ? $user->get_error_code() : ( user_can( $user, 'manage_options' ) ? 'may' : 'may not' );`;
  expect(await inLive(can)).toBe('may');
});
