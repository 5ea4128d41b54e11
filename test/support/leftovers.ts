import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsRoot } from '@wcr/stack/services/mariadb';
import type { RowDataPacket } from 'mysql2/promise';
import type { TestStack } from './test-stack.ts';

/** Everything of clones that still exists: folders, claimed user ids, databases, users and PHP processes. */
export async function findLeftovers(stack: TestStack, cloneIds: readonly string[]): Promise<string[]> {
  const names = cloneIds.map((id) => id.replace(/^clone-/, '').replaceAll('-', '_'));
  const mentions = (text: string) => cloneIds.some((id) => text.includes(id)) || names.some((name) => text.includes(name));
  const folders = readdirSync(stack.localDir).filter(mentions);
  const connection = await connectAsRoot(stack.mariaDb);
  try {
    const [databases] = await connection.query<RowDataPacket[]>('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA');
    const [users] = await connection.query<RowDataPacket[]>('SELECT User AS name FROM mysql.user');
    const rows = [...databases, ...users].map((row) => String(row['name'])).filter(mentions);
    return [...folders, ...uidsOf(stack, mentions), ...rows, ...processesNaming(mentions)];
  } finally {
    await connection.end();
  }
}

/** A claim is a file that is called like the user id and holds the clone's. */
function uidsOf(stack: TestStack, mentions: (text: string) => boolean): string[] {
  const dir = join(stack.localDir, '.uids');
  const uids = existsSync(dir) ? readdirSync(dir) : [];
  return uids.filter((uid) => mentions(readFileSync(join(dir, uid), 'utf8'))).map((uid) => `user ${uid}`);
}

/** Command lines of PHP that mention something. */
export function processesNaming(mentions: (text: string) => boolean): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => commandOf(pid))
    .filter((command) => command.includes('php') && mentions(command));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
