import { existsSync, mkdtempSync } from 'node:fs';
import { lstat, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useMariaDb } from '../testing/services.ts';
import { SAMPLE, startSampleSite } from './sample-site.ts';

describe.each([
  { name: 'at the root', pathPrefix: '', prefix: 'wp_', rights: 'all', visible: true },
  { name: 'in a folder, with little rights', pathPrefix: '/blog', prefix: 'Xy7_', rights: 'plain', visible: false },
] as const)('the sample $name', ({ pathPrefix, prefix, rights, visible }) => {
  const parent = mkdtempSync(join(tmpdir(), 'wcr-stack-'));
  let site: Awaited<ReturnType<typeof startSampleSite>>;

  beforeAll(async () => {
    const mariaDb = await useMariaDb();
    site = await startSampleSite({
      ...{ dir: join(parent, 'site'), mariaDb, pathPrefix, prefix, rights },
      ...{ mediaCount: 2, shopRows: 100, uploadMb: 1 },
    });
  });
  afterAll(async () => {
    await site?.stop();
    await rm(parent, { recursive: true, force: true });
  });

  const read = async (path: string): Promise<string> => (await fetch(`${site.url}${path}`)).text();

  it('shows what it is made of on its front page', async () => {
    const html = await read('/');
    for (const part of [SAMPLE.title, SAMPLE.frontPage, SAMPLE.customer, SAMPLE.muPlugin, SAMPLE.licence])
      expect(html).toContain(part);
    expect(html).toContain(`${site.url}/${SAMPLE.picture} 960w`);
    expect(html).toContain(`class="sample-widget" href="${site.url}/widget/"`);
    expect(html).toContain('<!-- drop-in SAMPLE_ADVANCED_CACHE_LOADED -->');
    expect(html).toContain('<!-- drop-in SAMPLE_OBJECT_CACHE_LOADED -->');
  });

  it('answers for a post, a picture, a theme’s file and the REST API', async () => {
    expect(await read(`/2024/05/${SAMPLE.post.slug}/`)).toContain(SAMPLE.post.title);
    const picture = await fetch(`${site.url}/${SAMPLE.picture}`);
    expect((await picture.arrayBuffer()).byteLength).toBeGreaterThan(1000);
    expect(picture.headers.get('content-type')).toBe('image/png');
    expect(await read('/wp-content/themes/sample-theme/style.css')).toContain(`url("${site.url}/wp-content/uploads/hero.svg")`);
    expect(await read('/wp-json/wp/v2/posts?slug=blocks')).toContain('Blocks');
  });

  it('has the files that copies forget', async () => {
    const uploads = join(site.dir, 'wp-content/uploads');
    const names = await readdir(join(uploads, '2024/05'));
    expect(names).toEqual(expect.arrayContaining(['日本語 🙂.txt', 'mit Leerzeichen', '.hidden', 'empty.txt']));
    expect((await lstat(join(uploads, 'latest'))).isSymbolicLink()).toBe(true);
    expect(await readdir(join(uploads, 'empty-folder/within'))).toEqual([]);
    expect((await stat(join(uploads, '2024/05/film.bin'))).size).toBe(1024 * 1024);
    expect(existsSync(join(uploads, '2024/05/picture-1-300x200.png'))).toBe(true);
  });

  it('can be read by its own database user', async () => {
    const { host, port, user, password, name } = site.database;
    const connection = await createConnection({
      host,
      port,
      user,
      password,
      database: name,
      supportBigNumbers: true,
      bigNumberStrings: true,
    });
    const rows = async (sql: string): Promise<RowDataPacket[]> => (await connection.query<RowDataPacket[]>(sql))[0];
    expect(await rows(`SELECT id FROM ${prefix}shop_numbers ORDER BY id DESC LIMIT 1`)).toEqual([{ id: '18446744073709551615' }]);
    expect(await rows(`SELECT count(*) AS n FROM ${prefix}shop_log`)).toEqual([{ n: '100' }]);
    expect(await rows(`SELECT hex(mojibake) AS bytes FROM ${prefix}shop_legacy WHERE id = 1`)).toEqual([
      { bytes: '4772C3B6C39F65' },
    ]);
    expect(await rows(`SELECT octet_length(data) AS n FROM ${prefix}shop_blobs WHERE hash = unhex(md5('all'))`)).toEqual([
      { n: 256 },
    ]);
    expect(await rows(`SELECT name FROM ${prefix}shop_zones WHERE id = 0`)).toEqual([{ name: 'Everywhere else' }]);
    // Without the right, MariaDB tells that there is a trigger, not what it does.
    const triggers = await rows('SHOW TRIGGERS');
    expect(triggers.map((row) => row['Statement'] !== null)).toEqual([visible, visible]);
    const tables = await rows('SHOW TABLES');
    expect(tables.filter((row) => SAMPLE.foreignTables.test(String(Object.values(row)[0])))).toHaveLength(13);
    await connection.end();
  });

  it('keeps values the way plugins have left them', async () => {
    const { host, port, user, password, name } = site.database;
    const connection = await createConnection({ host, port, user, password, database: name });
    const sql = `SELECT option_name, option_value FROM ${prefix}options WHERE option_name LIKE 'sample\\_%'`;
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    await connection.end();
    const options = new Map(rows.map((row) => [row['option_name'], String(row['option_value'])]));
    expect(options.get('sample_references')).toContain('s:6:"second";R:2;');
    expect(options.get('sample_same_twice')).toContain('i:1;r:2;');
    expect(options.get('sample_gone_class')).toContain('s:19:"\0Sample_Gone\0secret"');
    expect(options.get('sample_custom')).toMatch(/^C:11:"ArrayObject":\d+:\{x:i:0;/);
    expect(options.get('sample_serialized_in_json')).toContain(`a:1:{s:4:\\"link\\";s:${site.url.length + 4}:`);
    expect(options.get('sample_urlencoded')).toMatch(/http%3A%2F%2F.*http%3a%2f%2f/);
    expect(options.get('sample_upload_path')).toContain(`${site.dir}/wp-content/uploads/2024`);
    expect(JSON.parse(options.get('sample_serialized_in_json') ?? '')).toHaveProperty('payload');
  });

  it('holds every address that must follow a copy, and every one that must not', async () => {
    const html = await read('/wp-json/wp/v2/posts?slug=addresses&_fields=content');
    const { rendered } = (JSON.parse(html) as { content: { rendered: string } }[])[0]?.content ?? { rendered: '' };
    expect(rendered.match(/class="own"/g)).toHaveLength(site.addresses.own.length);
    expect(rendered.match(/class="foreign"/g)).toHaveLength(site.addresses.foreign.length);
  });
});
