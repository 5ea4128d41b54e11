import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SiteFacts } from '../../../../packages/shared/src/contracts/agent-facts.ts';
import { connectAsRoot } from '../../../../packages/stack/src/services/mariadb.ts';
import { createSampleSite, SAMPLE, type SampleSite } from '../../../../packages/stack/src/sites/sample-site.ts';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { jsonOf } from '../../../worker/src/drivers/agent/answers.ts';
import { pathToWire, unpackIndex } from '../../../worker/src/drivers/agent/index-codec.ts';
import { readRows, readSchema } from './support/read-agent.ts';
import { startWriteAgent, type WriteAgent } from './support/write-agent.ts';

const dir = mkdtempSync(join(tmpdir(), 'wcr-read-sample-'));
let sample: SampleSite;
let agent: WriteAgent;
let sql: Awaited<ReturnType<typeof connectAsRoot>>;

beforeAll(async () => {
  const mariaDb = await useMariaDb();
  const root = join(dir, 'site');
  sample = await createSampleSite({
    dir: root,
    mariaDb,
    url: 'http://sample.example',
    prefix: 'Smp_1_',
    mediaCount: 2,
    shopRows: 3000,
  });
  sql = await connectAsRoot(mariaDb, sample.database.name);
  agent = await startWriteAgent({ server: mariaDb, database: sample.database, dir, root, prefix: 'Smp_1_' });
});

afterAll(async () => {
  await agent?.stop();
  await sql?.end();
  rmSync(dir, { recursive: true, force: true });
});

it('the facts of the rich sample fit the contract', async () => {
  const facts = SiteFacts.parse(jsonOf(await agent.frames('site.facts', {})));
  expect(facts.wordpress).toMatchObject({
    home: 'http://sample.example',
    constants: { WP_MEMORY_LIMIT: '200M', SAMPLE_SHOP_LICENCE: SAMPLE.licence },
  });
  expect(facts.wordpress.constants).not.toHaveProperty('WP_CACHE');
  expect(facts.database.sizeBytes).toBeGreaterThan(100_000);
});

it('every row of every table of the rich sample arrives, byte for byte', async () => {
  const schema = await readSchema(agent.frames);
  const [all] = await sql.query(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'",
  );
  const own = (all as { name: string }[]).map((row) => row.name).filter((name) => !SAMPLE.foreignTables.test(name));
  expect(schema.tables.map((table) => table.name).sort()).toEqual(own.sort());
  for (const table of schema.tables) {
    const { rows } = await readRows(agent.frames, table, { budgetBytes: 50_000 });
    const columns = table.columns.map((column, index) => ({ ...column, index })).filter((column) => !column.generated);
    const plain = columns.filter(({ kind }) => ['text', 'binary', 'json', 'number', 'temporal'].includes(kind));
    const places = plain.map((column) =>
      table.columns.filter((other) => !other.generated).findIndex((other) => other.name === column.name),
    );
    const select = plain
      .map((column) => `HEX(CAST(\`${column.name.replaceAll('`', '``')}\` AS BINARY)) AS c${column.index}`)
      .join(', ');
    await sql.query("SET time_zone = '+00:00'");
    const [stored] = await sql.query(`SELECT ${select} FROM \`${table.name.replaceAll('`', '``')}\``);
    const wanted = (stored as Record<string, string | null>[]).map((row) =>
      plain.map((column) => row[`c${column.index}`] ?? 'NULL').join('|'),
    );
    const got = rows.map((row) => places.map((place) => row[place]?.toString('hex').toUpperCase() ?? 'NULL').join('|'));
    expect(got.sort(), table.name).toEqual(wanted.sort());
  }
});

it('every file of the rich sample is listed and read', async () => {
  const files = walk(join(dir, 'site'), '');
  const frames = await agent.frames('files.index', { cursor: null });
  const entries = frames.flatMap((frame) => (frame.kind === 'I' ? [...unpackIndex(frame.data)] : []));
  const skipped = ((frames.at(-1)?.meta['skipped'] ?? []) as { path: string }[]).map((entry) =>
    Buffer.from(entry.path, 'base64url').toString('latin1'),
  );
  expect([...entries.map((entry) => entry.path), ...skipped].sort()).toEqual(files.sort());
  const largest = entries.filter((entry) => entry.kind === 'f').sort((one, two) => two.size - one.size)[0];
  const parts = (
    await agent.frames('files.read', { files: [{ path: pathToWire(largest?.path ?? ''), offset: 0 }], budgetBytes: 60_000_000 })
  ).filter((frame) => frame.kind === 'F');
  const bytes = Buffer.concat(parts.map((frame) => frame.data));
  expect(bytes.equals(readFileSync(join(dir, 'site', largest?.path ?? '')).subarray(0, bytes.length))).toBe(true);
});

/** All paths below a folder, as latin1 texts of their bytes. */
function walk(root: string, folder: string): string[] {
  return readdirSync(Buffer.from(join(root, folder), 'latin1'), { encoding: 'latin1' }).flatMap((name) => {
    const path = folder === '' ? name : `${folder}/${name}`;
    return lstatSync(Buffer.from(join(root, path), 'latin1')).isDirectory() ? [path, ...walk(root, path)] : [path];
  });
}
