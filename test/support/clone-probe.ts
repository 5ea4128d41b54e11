import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
