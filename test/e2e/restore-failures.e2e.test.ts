import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsRoot } from '@wcr/stack/services/mariadb';
import { startPhpSite } from '@wcr/stack/services/php-site';
import type { Service } from '@wcr/stack/services/process';
import { runCommand } from '@wcr/stack/services/run';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { serve } from '../support/broken-sources.ts';
import { awaitEnd, awaitJob, type JobView, readJobLog, until } from '../support/clone-flow.ts';
import { readRedis } from '../support/read-redis.ts';
import {
  cloneOf,
  type EditedClone,
  type LiveSite,
  refusedRestore,
  requestRestore,
  startLiveSite,
} from '../support/restore-flow.ts';
import { loginOf, runPhpIn } from '../support/sample-sources.ts';
import { differencesBetween, findStaged, type SiteSnapshot, takeSnapshot } from '../support/site-snapshot.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

const NOBODY = 65_534;
const THEME = 'wp-content/themes/sample-theme';
const HUGE = 'wp-content/uploads/2024/05/huge.bin';

let stack: TestStack;
let live: LiveSite;
let server: Service;
let clone: EditedClone;
let request: Record<string, unknown>;
let before: SiteSnapshot;

/** A live site whose PHP may not write everywhere, as with hosts that run it as a user of its own. */
beforeAll(async () => {
  stack = await startTestStack();
  live = await startLiveSite(stack, 'failing', { version: 'debian' });
  await live.stop();
  await runCommand('chown', ['-R', `${NOBODY}:${NOBODY}`, live.dir]);
  const php = join(stack.dir, 'php-as-nobody');
  writeFileSync(php, `#!/bin/sh\nexec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups php "$@"\n`, { mode: 0o755 });
  server = await startPhpSite({ dir: live.dir, port: live.port, php });
  clone = await cloneOf(stack, live);
  request = { cloneId: clone.id, target: live.access };
  await runPhpIn(clone.dir, "wp_update_post( array( 'ID' => 1, 'post_title' => 'Never seen' ) );");
  writeFileSync(join(clone.dir, THEME, 'assets/site.js'), '// never seen\n');
});

afterAll(async () => {
  await server?.stop();
  await stack?.[Symbol.asyncDispose]();
});

const inLive = (php: string) => runPhpIn(live.dir, php);

async function asRoot(...statements: string[]): Promise<void> {
  const connection = await connectAsRoot(stack.mariaDb);
  try {
    for (const statement of statements) await connection.query(statement);
  } finally {
    await connection.end();
  }
}

/** Asks for a restore and checks what holds for every failure. */
async function expectFailure(code: string, body: Record<string, unknown> = request): Promise<NonNullable<JobView['error']>> {
  const { error, restore, after, staged } = await refusedRestore(stack, live, body, before);
  expect({ code: error.code, message: error.message }).toMatchObject({ code });
  expect(restore).toMatchObject({ status: 'failed', error: { code }, restorePointUntil: null });
  expect(differencesBetween(before, after)).toEqual([]);
  expect(staged).toEqual([]);
  return error;
}

beforeEach(async () => {
  before = await takeSnapshot(stack, live);
});

describe('what the target’s host does not allow', () => {
  const account = () => `'${live.database.user}'@'%'`;
  const grant = (rights: string) => `GRANT ${rights} ON \`${live.database.name.replaceAll('_', '\\_')}\`.* TO ${account()}`;
  afterEach(() => asRoot(grant('ALL PRIVILEGES')));

  it.each(['CREATE', 'DROP'])('its database user may not %s tables', async (missing) => {
    const rights = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'INDEX', 'ALTER'].filter(
      (right) => right !== missing,
    );
    await asRoot(`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${account()}`, grant(rights.join(', ')));
    const { message } = await expectFailure('target.rights_missing');
    expect(message).toContain(missing);
  });

  it.each(['wp-content', `${THEME}/assets`])('%s is not writable', async (folder) => {
    const path = join(live.dir, folder);
    await runCommand('chown', ['root:root', path]);
    before = await takeSnapshot(stack, live);
    try {
      await expectFailure('target.not_writable');
    } finally {
      await runCommand('chown', [`${NOBODY}:${NOBODY}`, path]);
    }
  });

  it('its disk has no room for what would come', async () => {
    writeFileSync(join(clone.dir, HUGE), '');
    truncateSync(join(clone.dir, HUGE), 8 * 2 ** 40);
    try {
      await expectFailure('target.disk_full');
    } finally {
      rmSync(join(clone.dir, HUGE));
    }
  });
});

describe('restores that are in nobody’s hurry', () => {
  it('a table is locked by a backup: it is tried again, and nothing is left when it is given up', async () => {
    const backup = await connectAsRoot(stack.mariaDb, live.database.name);
    try {
      await backup.query(`LOCK TABLES ${live.prefix}posts READ`);
      const jobId = await requestRestore(stack, request);
      await until(async () => ((await readJobLog(stack, jobId)).includes('keeps a table locked') ? true : undefined));
      await stack.call('POST', `/api/v1/jobs/${jobId}/cancel`);
      expect(await awaitJob(stack, jobId)).toMatchObject({ status: 'cancelled', error: { code: 'job.cancelled' } });
      await backup.query('UNLOCK TABLES');
    } finally {
      await backup.end();
    }
    expect(differencesBetween(before, await takeSnapshot(stack, live))).toEqual([]);
    expect(await findStaged(stack, live)).toEqual([]);
  });

  it('it is cancelled while files are staged', async () => {
    writeFileSync(join(clone.dir, HUGE), '');
    truncateSync(join(clone.dir, HUGE), 512 << 20);
    try {
      const jobId = await requestRestore(stack, request);
      await until(async () => ((await readJobLog(stack, jobId)).includes('[stage-files] started') ? true : undefined));
      await stack.call('POST', `/api/v1/jobs/${jobId}/cancel`);
      expect(await awaitJob(stack, jobId)).toMatchObject({ status: 'cancelled' });
    } finally {
      rmSync(join(clone.dir, HUGE));
    }
    expect(differencesBetween(before, await takeSnapshot(stack, live))).toEqual([]);
    expect(await findStaged(stack, live)).toEqual([]);
  });
});

describe('sites that cannot be restored', () => {
  it('the target’s WordPress is older than the clone’s', async () => {
    const file = join(live.dir, 'wp-includes/version.php');
    const code = readFileSync(file, 'utf8');
    writeFileSync(file, code.replace(/\$wp_version = '[^']+'/, "$wp_version = '5.9'"));
    before = await takeSnapshot(stack, live);
    try {
      const { message } = await expectFailure('restore.core_older');
      expect(message).toContain('5.9');
    } finally {
      writeFileSync(file, code);
    }
  });

  it('the target is not a WordPress', async () => {
    using page = await serve((_request, response) => response.end('<h1>Just a page</h1>'));
    await expectFailure('target.not_wordpress', { ...request, target: { url: page.url, username: 'a', password: 'b-4711' } });
  });

  it('the login is wrong; it is written down nowhere', async () => {
    // Another key than the one that is remembered, so that the login is tried.
    await inLive(`$wpdb->delete( $wpdb->options, array( 'option_name' => 'wcr_pairing_keys' ) );`);
    const password = 'wrong, "but" <secret>';
    await expectFailure('target.credentials_rejected', { ...request, target: { ...loginOf(live), password } });
    const texts = [stack.readLogs(), await readRedis(stack.redisUrl)].join('\n');
    for (const form of [password, JSON.stringify(password).slice(1, -1), encodeURIComponent(password)])
      expect(texts.includes(form)).toBe(false);
  });
});

describe('a clone that is no more', () => {
  it('the clone is lost while the restore waits for its turn', async () => {
    const away = `${join(stack.localDir, clone.id)}-away`;
    renameSync(join(stack.localDir, clone.id), away);
    try {
      await expectFailure('clone.not_found');
    } finally {
      renameSync(away, join(stack.localDir, clone.id));
    }
  });

  it('the clone was deleted, or never was: no restore is taken on', async () => {
    await stack.call('DELETE', `/api/v1/clones/${clone.id}`);
    await awaitEnd(stack, clone.id);
    const ended = await stack.call<{ error: { code: string } }>('POST', '/api/v1/restores', request);
    expect(ended).toMatchObject({ status: 409, body: { error: { code: 'clone.not_ready' } } });
    const unknown = await stack.call('POST', '/api/v1/restores', { ...request, cloneId: 'clone-20200101-000000-aaaa' });
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'clone.not_found' } } });
  });
});
