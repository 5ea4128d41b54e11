import { createCipheriv } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ApiClient } from '@wcr/cli/api/api-client';
import { runCommand } from '../services/run.ts';
import type { SampleSite } from '../sites/sample-site.ts';
import { timed } from './baseline.ts';
import { awaitJob, cloneSite } from './clone-run.ts';

export type RestoreTimes = {
  readonly restoreMs: number;
  readonly rollbackMs: number;
  /** How long the site was closed. */
  readonly maintenanceMs: number;
  readonly bytesMoved: number;
  readonly steps: ReadonlyMap<string, number>;
};

/** Changes something in a clone, in another way each round. */
export type CloneEdit = (cloneDir: string, round: number) => Promise<void>;

type Bench = { readonly api: ApiClient; readonly site: Pick<SampleSite, 'url' | 'admin'>; readonly clonesDir: string };

/** Clones a site, changes the clone, and tells how long it takes to bring that to the site, and back. The site is as before then. */
export async function runRestore({ api, site, clonesDir }: Bench, edit: CloneEdit, round: number): Promise<RestoreTimes> {
  const { url, admin } = site;
  const { cloneId } = await cloneSite(api, site);
  await edit(join(clonesDir, cloneId, 'site'), round);
  const target = { url, username: admin.username, password: admin.password };
  const begun = performance.now();
  const { restoreId, jobId } = await api.createRestore({ cloneId, target });
  const steps = await awaitJob(api, jobId);
  const restoreMs = performance.now() - begun;
  const { bytesMoved = Number.NaN, maintenanceMs = Number.NaN } = (await api.readRestore(restoreId)).report ?? {};
  const rollbackMs = await timed(async () => awaitJob(api, (await api.rollBack(restoreId)).jobId));
  await api.deleteClone(cloneId);
  return { restoreMs, rollbackMs, maintenanceMs, bytesMoved, steps };
}

/** What most restores are made for. */
export const editOnePost: CloneEdit = async (dir, round) => {
  await runPhp(dir, `wp_update_post( array( 'ID' => 1, 'post_title' => 'Edited in round ${round}' ) );`);
};

/** Every row of the large table, every post and every upload: as much as a restore can meet. */
export const editEverything: CloneEdit = async (dir, round) => {
  await runPhp(
    dir,
    `global $wpdb;
    $wpdb->query( "UPDATE {$wpdb->prefix}shop_log SET message = CONCAT( message, ' ${round}' )" );
    $wpdb->query( "UPDATE {$wpdb->posts} SET post_content = CONCAT( post_content, ' ${round}' )" );`,
  );
  const uploads = join(dir, 'wp-content/uploads');
  for (const entry of await readdir(uploads, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && entry.name !== '.htaccess') await scramble(join(entry.parentPath, entry.name), round);
};

/** Other bytes of the same length. */
async function scramble(file: string, round: number): Promise<void> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, round), Buffer.alloc(16));
  await pipeline(createReadStream(file), cipher, createWriteStream(`${file}.part`));
  await rename(`${file}.part`, file);
  // A second is the finest that is compared.
  const later = Date.now() / 1000 + 60;
  await utimes(file, later, later);
}

async function runPhp(dir: string, php: string): Promise<void> {
  await runCommand('php', ['-d', 'memory_limit=512M', '-r', `require 'wp-load.php'; ${php}`], { cwd: dir });
}
