import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsRoot } from '@wcr/stack/services/mariadb';
import type { RowDataPacket } from 'mysql2/promise';
import type { CloneView } from './clone-flow.ts';
import type { TestStack } from './test-stack.ts';

/** Runs PHP inside a clone's WordPress as its visitors do, through the gateway. @returns what it answers as JSON */
export async function probeClone<T>(stack: TestStack, clone: Pick<CloneView, 'id' | 'url'>, php: string): Promise<T> {
  const file = join(stack.localDir, clone.id, 'site/probe.php');
  const script = `<?php\nrequire __DIR__ . '/wp-load.php';\n$answer = array();\n${php}\necho "\\x1e" . wp_json_encode( $answer );\n`;
  writeFileSync(file, script, { mode: 0o644 });
  const answer = await fetch(new URL('probe.php', clone.url));
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the probe answered ${answer.status}: ${text.slice(0, 500)}`);
  // What the site prints while it loads is not the answer.
  return JSON.parse(text.slice(text.indexOf('\x1e') + 1)) as T;
}

export type ReachingOut = {
  readonly mail: boolean;
  readonly sendmail: string;
  readonly environment: string;
  /** What became of each call. */
  readonly calls: readonly string[];
  readonly cron: boolean;
  readonly due: number;
};

/** Does inside a clone what plugins do to reach the world: mails, calls, a raw connection to `port`, an event that is due. */
export function tryToReachOut(stack: TestStack, clone: Pick<CloneView, 'id' | 'url'>, port: number): Promise<ReachingOut> {
  return probeClone<ReachingOut>(
    stack,
    clone,
    `$answer['mail'] = wp_mail( 'someone@example.com', 'Subject 4711', 'Text' );
    $answer['sendmail'] = ini_get( 'sendmail_path' );
    $answer['environment'] = wp_get_environment_type();
    $answer['calls'] = array();
    foreach ( array( 'http://example.com/', 'https://api.wordpress.org/' ) as $url ) {
      $reply = wp_remote_get( $url );
      $answer['calls'][] = is_wp_error( $reply ) ? $reply->get_error_code() : 'answered';
    }
    @stream_socket_client( 'tcp://127.0.0.1:${port}', $code, $text, 2 );
    wp_schedule_single_event( time() - 3600, 'probe_event' );
    $answer['cron'] = defined( 'DISABLE_WP_CRON' ) && DISABLE_WP_CRON;
    $answer['due'] = count( wp_get_ready_cron_jobs() );`,
  );
}

/** Logins and password hashes of a site's users, oldest first. */
export async function readPasswords(stack: TestStack, database: string, prefix: string): Promise<RowDataPacket[]> {
  const connection = await connectAsRoot(stack.mariaDb, database);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(`SELECT user_login, user_pass FROM ${prefix}users ORDER BY ID`);
    return rows;
  } finally {
    await connection.end();
  }
}

/** Logs in and opens a page of wp-admin. @returns its HTML */
export async function readAdminPage(
  clone: Pick<CloneView, 'url'>,
  login: { username: string; password: string; loginUrl: string },
): Promise<string> {
  const answer = await fetch(login.loginUrl, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: 'wordpress_test_cookie=WP%20Cookie%20check' },
    body: new URLSearchParams({ log: login.username, pwd: login.password, testcookie: '1' }),
  });
  await answer.text();
  const cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const page = await fetch(new URL('wp-admin/', clone.url), { headers: { cookie } });
  return page.text();
}
