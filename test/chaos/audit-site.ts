import { connectAsRoot } from '@wcr/stack/services/mariadb';
import type { RowDataPacket } from 'mysql2/promise';
import { readRestore } from '../support/restore-flow.ts';
import { differencesOf, findRestoreLeftovers, VISITOR } from '../support/site-state.ts';
import type { Finding } from './chaos-table.ts';
import type { EndedJob } from './settle.ts';
import type { World } from './world.ts';

/**
 * Looks at the live site: it is as before or as restored, whichever its last job says, and nothing else is left on it.
 * Notes in the world which restore it shows.
 */
export async function auditSite(world: World, ended: readonly EndedJob[]): Promise<Finding[]> {
  const { scene, system } = world;
  const now = await scene.look();
  const [fromBefore, fromAfter] = [differencesOf(scene.before, now), differencesOf(scene.after, now)];
  if (fromBefore.length > 0 && fromAfter.length > 0)
    return [{ harm: 'mixed', what: `the site is not as before in ${fromBefore.join()}, nor as restored in ${fromAfter.join()}` }];
  const isRestored = fromAfter.length === 0;
  const exchange = ended.find(({ restoreId }) => restoreId !== undefined);
  const findings = [...(await disagreement(world, exchange, isRestored)), ...(await lostComments(world))];
  world.restoreId = isRestored ? (world.restoreId ?? exchange?.restoreId) : undefined;
  const remains = await findRestoreLeftovers(system.mariaDb, system.live, isRestored);
  return [...findings, ...remains.map((what) => ({ harm: 'orphaned' as const, what: `on the site: ${what}` }))];
}

/** What the restore's record says of the site, and its job if that has done its work; or nobody has changed it. */
async function disagreement(world: World, exchange: EndedJob | undefined, isRestored: boolean): Promise<Finding[]> {
  const was = world.restoreId !== undefined;
  const site = isRestored ? 'restored' : 'as before';
  if (exchange === undefined)
    return was === isRestored ? [] : [{ harm: 'lost', what: `the site is ${site}, though nobody changed it` }];
  const { status } = await readRestore(world.system.stack, exchange.restoreId ?? '');
  const isDone = exchange.view?.status === 'completed';
  if ((status === 'completed') === isRestored && !(isDone && was === isRestored)) return [];
  return [{ harm: 'lost', what: `the site is ${site}, its job ${exchange.view?.status ?? 'unknown'}, its restore ${status}` }];
}

/** Restores and rollbacks leave alone what came to the site meanwhile. */
async function lostComments({ system, comments }: World): Promise<Finding[]> {
  const connection = await connectAsRoot(system.mariaDb, system.live.database.name);
  const sql = `SELECT comment_content AS text FROM ${system.live.prefix}comments WHERE comment_author = ?`;
  const [rows] = await connection.query<RowDataPacket[]>(sql, [VISITOR]).finally(() => connection.end());
  const kept = new Set(rows.map((row) => String(row['text'])));
  return comments.filter((text) => !kept.has(text)).map((text) => ({ harm: 'lost', what: `the visitor’s comment of ${text}` }));
}
