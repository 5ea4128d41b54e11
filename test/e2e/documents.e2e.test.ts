import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repositoryRoot } from '@wcr/stack/stack/stack-layout';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { examplesOf, mismatches } from '../support/document-examples.ts';
import { type Source, startSource } from '../support/sample-sources.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

let stack: TestStack;
let source: Source;
let shell: Shell;

beforeAll(async () => {
  stack = await startTestStack();
  source = await startSource(stack, 'source', { uploadMb: 0, mediaCount: 1, shopRows: 20 });
  const { username, password } = source.admin;
  const site = { SITE: source.url, SITE_USER: username, SITE_PASSWORD: password };
  shell = startShell(mkdtempSync(join(stack.dir, 'shell-')), { API: stack.apiUrl, API_KEY: stack.secrets.apiKey, ...site });
});

afterAll(async () => {
  shell?.end();
  await source?.stop();
  await stack?.[Symbol.asyncDispose]();
});

it.each(examplesOf(repositoryRoot, 'docs/api.md'))('docs/api.md: the example at line $line works', async ({ script, output }) => {
  const { status, text } = await shell.run(script);
  expect(status, text).toBe(0);
  if (output === undefined) expect(text).not.toMatch(/"error"|\bfailed\b/);
  else expect(mismatches(output, JSON.parse(text.slice(text.search(/^\{/m)))), text).toEqual([]);
});

it('docs/cli.md: the script works', async () => {
  const [example] = examplesOf(repositoryRoot, 'docs/cli.md').filter(({ script }) => script.includes('jq'));
  const program = `clone-restore() { '${process.execPath}' '${join(repositoryRoot, 'packages/cli/src/main.ts')}' "$@"; }`;
  const script = (example?.script ?? '').replace('https://shop.example', source.url);
  const { status, text } = await shell.run(`(\n${program}\nexport WCR_API_URL="$API" WCR_API_KEY="$API_KEY"\n${script}\n)`);
  expect(status, text).toBe(0);
  expect(text).toContain('"expired"');
});

it('docs/webhooks.md: a secret is made, and a clone with a callback taken on', async () => {
  const [example] = examplesOf(repositoryRoot, 'docs/webhooks.md');
  // The site is paired by now.
  const script = (example?.script ?? '').replace('https://shop.example', source.url).replace(',"pairingKey":"…"', '');
  const { text } = await shell.run(`KEY="$API_KEY"\n${script}`);
  expect(text).toMatch(/\{"secret":"whsec_/);
  expect(text).toMatch(/\{"clone":\{"id":"clone-/);
});

it('docs/access.md: a key is made, listed and revoked', async () => {
  const [example] = examplesOf(repositoryRoot, 'docs/access.md');
  const program = `'${process.execPath}' '${join(repositoryRoot, 'apps/api/src/keys-command.ts')}'`;
  const [create = '', list = '', revoke = ''] = (example?.script ?? '').replaceAll('./dev keys', program).split('\n');
  const itsId = `$(${program} list --json | jq -r '.[] | select(.name == "shop-ci").id')`;
  const lines = [`export WCR_REDIS_URL=${stack.redisUrl}`, create, list, revoke.replace(/key_\w+/, itsId)];
  const { status, text } = await shell.run(lines.join('\n'));
  expect(status, text).toBe(0);
  expect(text).toMatch(/^wcr_[\w-]{32}$/m);
  expect(text).toMatch(/^Revoked key_/m);
});

it('README.md: the request for a clone is taken on', async () => {
  const [request] = examplesOf(repositoryRoot, 'README.md').filter(({ script }) => script.includes('curl'));
  const { url, admin } = source;
  // What the test's stack is there instead of, and the reader's own site.
  const script = (request?.script ?? '')
    .replaceAll(/^\.\/dev .*$/gm, '')
    .replace('https://shop.example', url)
    .replace('"admin"', JSON.stringify(admin.username))
    .replace('"…"', JSON.stringify(admin.password));
  await shell.run('mkdir -p .local; echo "$API" > .local/api-url; echo "$API_KEY" > .local/api-key');
  const { text } = await shell.run(script);
  expect(JSON.parse(text)).toMatchObject({ clone: { status: 'queued' } });
});

type Shell = { run(script: string): Promise<{ status: number; text: string }>; end(): void };

/** One shell for all examples: each builds on those before it, as for a reader. */
function startShell(cwd: string, env: Readonly<Record<string, string>>): Shell {
  const mark = `--- ${Math.random()}`;
  const bash = spawn('bash', ['-o', 'pipefail'], { cwd, env: { PATH: process.env['PATH'], ...env } });
  let said: string[] = [];
  let onEnd: (status: number) => void;
  createInterface({ input: bash.stderr }).on('line', (line) => said.push(line));
  createInterface({ input: bash.stdout }).on('line', (line) => {
    if (line.startsWith(mark)) onEnd(Number(line.slice(mark.length)));
    else said.push(line);
  });
  return {
    async run(script) {
      said = [];
      const ended = new Promise<number>((resolve) => {
        onEnd = resolve;
      });
      bash.stdin.write(`${script}\n{ status=$?; echo; echo "${mark} $status"; }\n`);
      return { status: await ended, text: said.join('\n') };
    },
    end: () => bash.stdin.end(),
  };
}
