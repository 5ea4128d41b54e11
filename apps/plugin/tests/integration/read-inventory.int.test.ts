import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectAsRoot } from '../../../../packages/stack/src/services/mariadb.ts';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { jsonOf } from '../../../worker/src/drivers/agent/answers.ts';
import { encodeFrame } from '../../../worker/src/drivers/agent/frame-codec.ts';
import { startWriteAgent, type WriteAgent } from './support/write-agent.ts';

const dir = mkdtempSync(join(tmpdir(), 'wcr-read-inventory-'));
let agent: WriteAgent;
let sql: Awaited<ReturnType<typeof connectAsRoot>>;

beforeAll(async () => {
  const server = await useMariaDb();
  const database = await server.createDatabase();
  sql = await connectAsRoot(server, database.name);
  agent = await startWriteAgent({ server, database, dir });
});

afterAll(async () => {
  await agent?.stop();
  await sql?.end();
  rmSync(dir, { recursive: true, force: true });
});

function put(path: string, text: string): void {
  mkdirSync(dirname(join(agent.root, path)), { recursive: true });
  writeFileSync(join(agent.root, path), text);
}

it('lists plugins and themes without a WordPress', async () => {
  expect(await agent.call('site.inventory', {})).toEqual({ plugins: [], themes: [], firstAdministrator: null });
  put('wp-content/plugins/hello.php', '<?php\n/*\nPlugin Name: Hello "Dolly"\nVersion: 1.7 */');
  put('wp-content/plugins/index.php', '<?php // Silence');
  put('wp-content/plugins/shop/shop.php', '<?php\r\n/**\r\n * Plugin Name: Shop Ü ?>\r\n * Version:  9.1-beta\r\n */');
  put('wp-content/plugins/shop/includes/deep.php', '<?php /* Plugin Name: Deep */');
  put('wp-content/plugins/shop/other.php', '<?php // no header');
  put('wp-content/plugins/late/late.php', `<?php ${'x'.repeat(8200)}\n/*\nPlugin Name: Late */`);
  put('wp-content/themes/one/style.css', '/*\nTheme Name: One\nVersion: 2\n*/');
  put('wp-content/themes/child/style.css', '/*\nTheme Name: Child\n*/');
  put('wp-content/themes/set/inner/style.css', '/* Theme Name: Inner */');
  put('wp-content/themes/broken/style.css', 'nothing');
  await sql.query(
    'CREATE TABLE wp_options (option_id int AUTO_INCREMENT PRIMARY KEY, option_name varchar(191) UNIQUE, option_value longtext)',
  );
  const active = 'a:2:{i:0;s:13:"shop/shop.php";i:3;s:8:"late.php";}';
  await sql.query(
    "INSERT INTO wp_options (option_name, option_value) VALUES ('template', 'one'), ('stylesheet', 'child'), ('active_plugins', ?)",
    [active],
  );
  await sql.query('CREATE TABLE wp_usermeta (user_id int, meta_key varchar(191), meta_value longtext)');
  const roles = (role: string) => `a:1:{s:${role.length}:"${role}";b:1;}`;
  await sql.query(
    "INSERT INTO wp_usermeta VALUES (3, 'wp_capabilities', ?), (9, 'wp_capabilities', ?), (5, 'wp_capabilities', ?), (1, 'other', ?)",
    [roles('editor'), roles('administrator'), roles('administrator'), roles('administrator')],
  );
  const inventory = {
    firstAdministrator: 5,
    plugins: [
      { file: 'hello.php', name: 'Hello "Dolly"', version: '1.7', active: false },
      { file: 'shop/shop.php', name: 'Shop Ü', version: '9.1-beta', active: true },
    ],
    themes: [
      { slug: 'child', name: 'Child', version: '', active: true },
      { slug: 'one', name: 'One', version: '2', active: true },
      { slug: 'set/inner', name: 'Inner', version: '', active: false },
    ],
  };
  expect(await agent.call('site.inventory', {})).toEqual(inventory);
  expect(await agent.call('site.inventory', {})).toEqual(inventory);
});

const part = (data: string | Buffer) => encodeFrame('F', {}, Buffer.from(data as string));

async function readBase(name: string, more: object = {}): Promise<{ data: Buffer; parts: number; end: Record<string, unknown> }> {
  const frames = await agent.frames('base.read', { name, offset: 0, ...more });
  const files = frames.filter((frame) => frame.kind === 'F');
  return { data: Buffer.concat(files.map((frame) => frame.data)), parts: files.length, end: frames.at(-1)?.meta ?? {} };
}

it('keeps a base: what comes again is cut first', async () => {
  const missing = await agent.frames('base.read', { name: 'rows', offset: 0 });
  expect(jsonOf(missing)).toEqual({ exists: false });
  expect(missing.at(-1)?.meta).toMatchObject({ done: true });
  await agent.call('base.write', { name: 'rows', offset: 0 }, [part('first '), part('second ')]);
  await agent.call('base.write', { name: 'rows', offset: 0 }, [part('first '), part('second ')]);
  expect(await agent.call('base.write', { name: 'rows', offset: 13 }, [part('third')])).toEqual({ size: 18 });
  await agent.call('base.write', { name: 'rows', offset: 13 }, [part('3rd')]);
  expect(readFileSync(join(agent.work, 'base/rows'), 'utf8')).toBe('first second 3rd');
  expect((await readBase('rows')).data.toString()).toBe('first second 3rd');
  expect((await readBase('rows', { offset: 6 })).data.toString()).toBe('second 3rd');
  expect((await readBase('rows', { offset: 16 })).end).toMatchObject({ done: true });
});

it('reads a large base in frames and slices', async () => {
  const bytes = Buffer.alloc(3_500_000, 'abcdefg');
  await agent.call('base.write', { name: 'files-1', offset: 0 }, [
    part(bytes.subarray(0, 2_000_000)),
    part(bytes.subarray(2_000_000)),
  ]);
  const whole = await readBase('files-1');
  expect(whole.parts).toBe(4);
  expect(whole.data.equals(bytes)).toBe(true);
  const slice = await readBase('files-1', { budgetBytes: 1 });
  expect(slice.end).toMatchObject({ done: false, next: { offset: 1_048_576 } });
});

it('refuses names and offsets that make no sense', async () => {
  const bad = { code: 'agent.invalid_arguments' };
  for (const name of ['', '../x', 'A', 'a/b', 'a.b', 'x'.repeat(65)]) {
    await expect(agent.call('base.write', { name, offset: 0 }, [part('x')])).rejects.toMatchObject(bad);
    await expect(agent.call('base.read', { name, offset: 0 })).rejects.toMatchObject(bad);
  }
  await agent.call('base.write', { name: 'short', offset: 0 }, [part('abc')]);
  for (const offset of [4, -1, '0', null]) {
    await expect(agent.call('base.write', { name: 'short', offset }, [part('x')])).rejects.toMatchObject(bad);
    await expect(agent.call('base.read', { name: 'short', offset })).rejects.toMatchObject(bad);
  }
  await expect(agent.call('base.write', { name: 'none', offset: 1 }, [part('x')])).rejects.toMatchObject(bad);
  expect(jsonOf(await agent.frames('base.read', { name: 'none', offset: 0 }))).toEqual({ exists: false });
  expect(readFileSync(join(agent.work, 'base/short'), 'utf8')).toBe('abc');
});
