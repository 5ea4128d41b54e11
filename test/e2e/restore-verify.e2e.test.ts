import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJobLog } from '../support/clone-flow.ts';
import { cloneOf, type EditedClone, type LiveSite, refusedRestore, restoreInto, startLiveSite } from '../support/restore-flow.ts';
import { loginOf, runPhpIn } from '../support/sample-sources.ts';
import { differencesBetween } from '../support/site-snapshot.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

const FUNCTIONS = 'wp-content/themes/sample-theme/functions.php';
const OWN_PLUGIN = 'wp-clone-restore/wp-clone-restore.php';

let stack: TestStack;
let live: LiveSite;
let clone: EditedClone;

beforeAll(async () => {
  stack = await startTestStack();
  live = await startLiveSite(stack, 'verified');
  clone = await cloneOf(stack, live);
});

afterAll(async () => {
  await live?.stop();
  await stack?.[Symbol.asyncDispose]();
});

const describeBy = (text: string) => runPhpIn(clone.dir, `update_option( 'blogdescription', '${text}' );`);
const description = () => runPhpIn(live.dir, "echo get_option( 'blogdescription' );");
const activePlugins = () => runPhpIn(live.dir, "echo implode( ',', get_option( 'active_plugins' ) );");

describe('a theme that works in the clone and not on the live site', () => {
  let before: string;

  it('is found out and taken back, through the door that opens before themes are loaded', async () => {
    before = readFileSync(join(clone.dir, FUNCTIONS), 'utf8');
    appendFileSync(join(clone.dir, FUNCTIONS), `\nif ( 0 === strpos( __DIR__, '${live.dir}' ) ) {\n\tnot_on_this_host();\n}\n`);
    await describeBy('Goes back');
    const refused = await refusedRestore(stack, live, { cloneId: clone.id, target: live.access });
    expect(refused.error).toMatchObject({ code: 'restore.verify_failed', step: 'verify-restore' });
    for (const page of ['front page', 'login page', 'REST API'])
      expect(refused.error.message).toMatch(new RegExp(`the ${page} (shows a fatal error \\(500\\)|answers 500)`));
    const log = await readJobLog(stack, refused.restore.id);
    expect(log).toContain('the agent answers (door)');
    expect(log).toContain('rolled back: the site is as it was before');
    expect(differencesBetween(refused.before, refused.after)).toEqual([]);
    expect(refused.staged).toEqual([]);
    expect((await fetch(live.url)).status).toBe(200);
  });

  it('is restored once it is mended', async () => {
    writeFileSync(join(clone.dir, FUNCTIONS), before);
    await restoreInto(stack, { cloneId: clone.id, target: live.access });
    expect(await description()).toBe('Goes back');
  });
});

describe('our plugin on the live site', () => {
  it('stays switched on, though somebody switched it off in the clone', async () => {
    await runPhpIn(clone.dir, `require_once ABSPATH . 'wp-admin/includes/plugin.php'; deactivate_plugins( '${OWN_PLUGIN}' );`);
    await describeBy('Without it in the clone');
    await restoreInto(stack, { cloneId: clone.id, target: live.access });
    expect(await description()).toBe('Without it in the clone');
    expect(await activePlugins()).toContain(OWN_PLUGIN);
  });

  it('is installed and activated again by the browser when it is gone', async () => {
    await runPhpIn(
      live.dir,
      `update_option( 'active_plugins', array_values( array_diff( get_option( 'active_plugins' ), array( '${OWN_PLUGIN}' ) ) ) );`,
    );
    rmSync(join(live.dir, 'wp-content/plugins/wp-clone-restore'), { recursive: true });
    rmSync(join(live.dir, 'wp-content/mu-plugins/0-wp-clone-restore.php'));
    await describeBy('With it again');
    const restore = await restoreInto(stack, { cloneId: clone.id, target: loginOf(live) });
    expect(await description()).toBe('With it again');
    expect(await activePlugins()).toContain(OWN_PLUGIN);
    expect(existsSync(join(live.dir, 'wp-content/mu-plugins/0-wp-clone-restore.php'))).toBe(true);
    expect(await readJobLog(stack, restore.id)).toMatch(/plugin \S+: installed/);
  });

  it('is activated again when it is gone right after the swap', async () => {
    // What a security plugin does: it switches off what it does not know as soon as the theme has changed.
    const guard = join(live.dir, 'wp-content/mu-plugins/a-strict-one.php');
    const mark = join(live.dir, 'wp-content/uploads/switched-off');
    writeFileSync(
      guard,
      `<?php
if ( 'After the swap' === get_option( 'blogdescription' ) && ! file_exists( '${mark}' ) ) {
	touch( '${mark}' );
	update_option( 'active_plugins', array_values( array_diff( get_option( 'active_plugins' ), array( '${OWN_PLUGIN}' ) ) ) );
	unlink( __DIR__ . '/0-wp-clone-restore.php' );
}
`,
    );
    await describeBy('After the swap');
    const pending = restoreInto(stack, { cloneId: clone.id, target: loginOf(live) });
    const restore = await pending;
    expect(existsSync(mark)).toBe(true);
    expect(restore.status).toBe('completed');
    expect(await description()).toBe('After the swap');
    expect(await activePlugins()).toContain(OWN_PLUGIN);
    rmSync(guard);
  });
});
