import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MariaDbAddress } from '@wcr/stack/services/mariadb';
import { expect } from 'vitest';
import { type CloneView, makeClone } from './clone-flow.ts';
import { rollBack, runRestore } from './restore-flow.ts';
import { installPluginByHand, runPhpIn, type Source } from './sample-sources.ts';
import { differencesOf, findRestoreLeftovers, readSiteState, type SiteState } from './site-state.ts';
import type { TestStack } from './test-stack.ts';

/** A live site and an edited clone of it: the same restore can be run again and again, since each is rolled back. */
export type RestoreScene = {
  readonly clone: CloneView;
  /** What is sent to ask for the restore. */
  readonly request: Readonly<Record<string, unknown>>;
  /** The live site before the restore and after it, as an undisturbed one leaves it. */
  readonly before: SiteState;
  readonly after: SiteState;
  /** What the live site is like now. */
  look(): Promise<SiteState>;
  expectRestored(): Promise<void>;
  /** The live site is as before, and nothing of a restore is on it. */
  expectUntouched(): Promise<void>;
};

type Sizes = { readonly rows: number; readonly files: number };

/** @param mariaDb the live site's own server. @param sizes how much more is changed than one of each kind */
export async function setRestoreScene(
  stack: TestStack,
  live: Source,
  mariaDb: MariaDbAddress,
  sizes: Sizes,
): Promise<RestoreScene> {
  const pairingKey = await installPluginByHand(stack, live);
  const target = { url: live.url, pairingKey };
  const clone = await makeClone(stack, { source: target, ttlMinutes: 600 });
  await editClone(stack, clone, sizes);
  const request = { cloneId: clone.id, target };
  const look = () => readSiteState(mariaDb, live);
  const expectState = async (wanted: SiteState, restorePoint: boolean) => {
    const differences = differencesOf(wanted, await look());
    expect(differences, differences.join()).toEqual([]);
    const leftovers = await findRestoreLeftovers(mariaDb, live, restorePoint);
    expect(leftovers, leftovers.join()).toEqual([]);
  };
  const before = await look();
  const { job, restore } = await runRestore(stack, request);
  expect(job.status, JSON.stringify(job)).toBe('completed');
  const after = await look();
  expect((await rollBack(stack, restore.id)).job.status).toBe('completed');
  const scene: RestoreScene = {
    ...{ clone, request, before, after, look },
    expectRestored: () => expectState(after, true),
    expectUntouched: () => expectState(before, false),
  };
  await scene.expectUntouched();
  return scene;
}

/** One of everything: merged rows of several tables, swapped tables (no key, MyISAM), files new, changed and removed. */
async function editClone(stack: TestStack, clone: CloneView, { rows, files }: Sizes): Promise<void> {
  const site = join(stack.localDir, clone.id, 'site');
  await runPhpIn(
    site,
    `global $wpdb;
    wp_update_post( array( 'ID' => 1, 'post_title' => 'Edited in the clone' ) );
    wp_insert_post( array( 'post_title' => 'New in the clone', 'post_status' => 'publish', 'post_content' => home_url( '/x' ) ) );
    update_option( 'blogdescription', 'See ' . home_url( '/about' ) );
    $wpdb->query( "UPDATE {$wpdb->comments} SET comment_content = 'edited' ORDER BY comment_ID LIMIT 1" );
    $wpdb->query( "UPDATE {$wpdb->prefix}shop_log SET level = 'edited' WHERE id <= ${rows}" );
    $wpdb->query( "DELETE FROM {$wpdb->prefix}shop_log ORDER BY id DESC LIMIT 5" );
    $wpdb->query( "INSERT INTO {$wpdb->prefix}shop_visits VALUES ('/edited', 1)" );
    $wpdb->query( "UPDATE {$wpdb->prefix}shop_search SET words = 'edited' WHERE lang = 'de'" );`,
  );
  const theme = join(site, 'wp-content/themes/sample-theme');
  writeFileSync(join(theme, 'style.css'), '/* Theme Name: Sample theme, edited */');
  writeFileSync(join(theme, 'new.php'), '<?php // new');
  rmSync(join(theme, 'assets/dot.svg'));
  mkdirSync(join(site, 'wp-content/uploads/2026/11'), { recursive: true });
  writeFileSync(join(site, 'wp-content/uploads/2026/11/new.txt'), `made at ${clone.url}`);
  for (let at = 0; at < files; at += 1) writeFileSync(join(site, `wp-content/uploads/2024/05/new-${at}.txt`), `new file ${at}`);
}
