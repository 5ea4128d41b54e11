import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeClone } from '../support/clone-flow.ts';
import { logOf, rollBack, runRestore } from '../support/restore-flow.ts';
import { loginOf, runPhpIn, type Source, startSource } from '../support/sample-sources.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

let stack: TestStack;
let live: Source;

beforeAll(async () => {
  stack = await startTestStack();
  live = await startSource(stack, 'restore-live');
}, 120_000);

afterAll(async () => {
  await live?.[Symbol.asyncDispose]();
  await stack?.[Symbol.asyncDispose]();
});

it('puts what was changed in a clone on the live site, and takes it back', async () => {
  const clone = await makeClone(stack, { source: loginOf(live) });
  const site = join(stack.localDir, clone.id, 'site');
  await runPhpIn(
    site,
    `wp_update_post( array( 'ID' => 1, 'post_title' => 'Edited in the clone' ) );
    update_option( 'blogdescription', 'See ' . home_url( '/about' ) );
    wp_insert_post( array( 'post_title' => 'New in the clone', 'post_status' => 'publish', 'post_content' => '<a href="' . home_url( '/x' ) . '">x</a>' ) );`,
  );
  mkdirSync(join(site, 'wp-content/uploads/2026/11'), { recursive: true });
  writeFileSync(join(site, 'wp-content/uploads/2026/11/new.txt'), `made at ${clone.url}`);
  await runPhpIn(live.dir, "wp_insert_comment( array( 'comment_post_ID' => 1, 'comment_content' => 'meanwhile', 'comment_author' => 'Visitor' ) );");

  const request = { cloneId: clone.id, target: loginOf(live) };
  const preview = await runRestore(stack, { ...request, dryRun: true });
  if (preview.job.status !== 'completed') console.log(await logOf(stack, preview.restore.id), preview.job);
  console.log(JSON.stringify(preview.restore.report, null, 1));
  expect(preview.job.status).toBe('completed');

  const { job, restore } = await runRestore(stack, request);
  if (job.status !== 'completed') console.log(await logOf(stack, restore.id), job);
  console.log(JSON.stringify(restore.report, null, 1));
  expect(job.status).toBe('completed');
  const title = () => runPhpIn(live.dir, 'echo get_post( 1 )->post_title;');
  expect(await title()).toBe('Edited in the clone');
  expect(await runPhpIn(live.dir, "echo get_option( 'blogdescription' );")).toBe(`See ${live.url}/about`);
  expect(readFileSync(join(live.dir, 'wp-content/uploads/2026/11/new.txt'), 'utf8')).toBe(`made at ${live.url}/`);

  const back = await rollBack(stack, restore.id);
  expect(back.job.status).toBe('completed');
  expect(await title()).not.toBe('Edited in the clone');
}, 240_000);
