import { describe, expect, it } from 'vitest';
import { cellsOf } from '../../base/packed-row.ts';
import { type ComparedTable, type RowFinding, TableComparison } from './compare-table.ts';
import { rulesFor } from './row-rules.ts';
import { createMemorySite, type MemoryRow, type MemoryTable, recordBase, schemaOf } from './testing/memory-site.ts';

const THINGS = schemaOf('wp_things', { id: 'bigint', v: 'text' }, ['id']);
const POSTS = schemaOf(
  'wp_posts',
  { ID: 'bigint', post_title: 'text', post_status: 'varchar(20)', post_type: 'varchar(20)', comment_count: 'bigint' },
  ['ID'],
);
const OPTIONS = schemaOf('wp_options', { option_id: 'bigint', option_name: 'varchar(191)', option_value: 'longtext' }, [
  'option_id',
]);

type States = { base: MemoryRow[] | undefined; clone: MemoryRow[]; target: MemoryRow[] };
type Found = { changes: string[]; told: string[] };

async function compare(schema: MemoryTable['schema'], { base, clone, target }: States, more: Partial<ComparedTable> = {}) {
  const sites = { clone: createMemorySite([{ schema, rows: clone }]), target: createMemorySite([{ schema, rows: target }]) };
  const comparison = new TableComparison(
    { clone: sites.clone.agent, target: sites.target.agent },
    {
      ...{ table: schema, cloneName: schema.name, prefix: 'wp_' },
      base: base && (await recordBase({ schema, rows: base })),
      rules: rulesFor(schema.name.slice(3), schema.key ?? [], { adminId: 77, preserveThemes: true }),
      translation: { translate: (row) => row, replacements: () => 0, tooLong: () => new Map() },
      ...more,
    },
  );
  const findings: RowFinding[] = [];
  for await (const finding of comparison.findings()) findings.push(finding);
  return { ...summary(findings, schema.columns.length), findings, sites };
}

function summary(findings: readonly RowFinding[], width: number): Found {
  const text = (row: Buffer | null) => (row === null ? '–' : cellsOf(row, width).join('|'));
  return {
    changes: findings.flatMap(({ change }) => (change ? [`${change.kind} ${text(change.former)} → ${text(change.row)}`] : [])),
    told: findings.flatMap(({ targetChange: told }) =>
      told ? [`${told.change} ${told.what}${told.lost ? ' (lost)' : ''}`] : [],
    ),
  };
}

const rows = (...values: (string | undefined)[]): MemoryRow[] =>
  values.flatMap((v, at) => (v === undefined ? [] : [[`${at + 1}`, v]]));
const NOTHING: Found = { changes: [], told: [] };

describe('one row, as it was, in the clone, on the target', () => {
  const lost = (change: string) => [`${change} things 1 (lost)`];
  it.each<[string, string | undefined, string | undefined, string | undefined, Found]>([
    ['nobody touched it', 'a', 'a', 'a', NOTHING],
    ['only the target changed it', 'a', 'a', 'b', NOTHING],
    ['only the target removed it', 'a', 'a', undefined, NOTHING],
    ['only the target made it', undefined, undefined, 'b', NOTHING],
    ['the clone changed it', 'a', 'b', 'a', { changes: ['update 1|a → 1|b'], told: [] }],
    ['the clone made it', undefined, 'b', undefined, { changes: ['insert – → 1|b'], told: [] }],
    ['the clone removed it', 'a', undefined, 'a', { changes: ['delete 1|a → –'], told: [] }],
    ['both changed it alike', 'a', 'b', 'b', NOTHING],
    ['both removed it', 'a', undefined, undefined, NOTHING],
    ['both made it alike', undefined, 'b', 'b', NOTHING],
    ['both changed it differently', 'a', 'b', 'c', { changes: ['update 1|c → 1|b'], told: lost('changed') }],
    ['the clone removed what the target changed', 'a', undefined, 'c', { changes: ['delete 1|c → –'], told: lost('changed') }],
    ['the clone changed what the target removed', 'a', 'b', undefined, { changes: ['insert – → 1|b'], told: lost('removed') }],
    ['both made it differently', undefined, 'b', 'c', { changes: ['update 1|c → 1|b'], told: lost('new') }],
  ])('%s', async (_case, base, clone, target, expected) => {
    const found = await compare(THINGS, { base: rows(base), clone: rows(clone), target: rows(target) });
    expect({ changes: found.changes, told: found.told }).toEqual(expected);
  });

  it('counts all that differs as the target’s own change when nothing is known of before', async () => {
    const found = await compare(THINGS, { base: undefined, clone: rows('a', 'b', 'c'), target: rows('a', 'x', undefined, 'y') });
    expect(found.changes).toEqual(['update 2|x → 2|b', 'insert – → 3|c', 'delete 4|y → –']);
    expect(found.told).toEqual(['new things 2 (lost)', 'new things 4 (lost)']);
  });
});

describe('what is read', () => {
  const many = (count: number, change: (at: number) => string = (at) => `v${at}`) =>
    Array.from({ length: count }, (_, at): MemoryRow => [`${at + 1}`, change(at)]);

  it('reads no rows of a table that the clone left alone, whatever the target did', async () => {
    const { sites, changes } = await compare(THINGS, { base: many(20), clone: many(20), target: many(30, () => 'other') });
    expect(changes).toEqual([]);
    expect([...sites.clone.asked, ...sites.target.asked]).toEqual(['rows.digest']);
  });

  it('reads of a table with one changed row only the rows around it', async () => {
    const clone = many(20, (at) => (at === 10 ? 'new' : `v${at}`));
    const { sites, changes } = await compare(THINGS, { base: many(20), clone, target: many(20) });
    expect(changes).toEqual(['update 11|v10 → 11|new']);
    expect(sites.target.asked).toEqual(['rows.ranges']);
  });

  it('reads of a table whose every row was changed several ranges a request, and tells each row once', async () => {
    const { sites, changes } = await compare(THINGS, { base: many(20), clone: many(20, (at) => `new ${at}`), target: many(20) });
    expect(changes).toEqual(Array.from({ length: 20 }, (_, at) => `update ${at + 1}|v${at} → ${at + 1}|new ${at}`));
    // Four rows fit an answer, and there are seven ranges of three.
    expect(sites.target.asked).toEqual(Array(5).fill('rows.ranges'));
  });

  it('finds every new row behind the last one there was, however many requests they take', async () => {
    const { changes } = await compare(THINGS, { base: many(4), clone: many(21), target: [...many(4), ['900', 'theirs']] });
    expect(changes).toHaveLength(17);
    expect(changes.every((change) => change.startsWith('insert'))).toBe(true);
  });

  it('leaves rows alone that only the target has between and behind new ones of the clone', async () => {
    const target = [...rows('a'), ['10', 'theirs'], ['99', 'theirs']];
    const found = await compare(THINGS, { base: rows('a'), clone: [...rows('a'), ['20', 'ours']], target });
    expect(found.changes).toEqual(['insert – → 20|ours']);
  });

  it('takes rows into a table that was empty when the clone was made', async () => {
    const found = await compare(THINGS, { base: [], clone: rows('a'), target: [['7', 'theirs']] });
    expect(found).toMatchObject({ changes: ['insert – → 1|a'], told: [] });
  });

  it('empties a table that the clone has emptied, but for what is the target’s', async () => {
    const found = await compare(THINGS, { base: rows('a', 'b'), clone: [], target: rows('a', 'b', 'theirs') });
    expect(found.changes).toEqual(['delete 1|a → –', 'delete 2|b → –']);
  });

  it('keeps numbers apart from texts that look alike in keys of several columns', async () => {
    const schema = schemaOf('wp_pairs', { a: 'varchar(9)', b: 'varchar(9)', v: 'text' }, ['a', 'b']);
    const base: MemoryRow[] = [
      ['1', '11', 'x'],
      ['11', '1', 'x'],
    ];
    const clone: MemoryRow[] = [
      ['1', '11', 'x'],
      ['11', '1', 'changed'],
    ];
    expect((await compare(schema, { base, clone, target: base })).changes).toEqual(['update 11|1|x → 11|1|changed']);
  });
});

describe('posts', () => {
  const post = (id: number, title: string, status = 'publish', comments = 0): MemoryRow => [
    `${id}`,
    title,
    status,
    'post',
    `${comments}`,
  ];
  const draft = post(1, 'Auto Draft', 'auto-draft');

  it('does not delete a post that was an empty draft when the clone was made and was published on the target', async () => {
    const live = post(1, 'News of the day');
    const told = ['new post 1: News of the day'];
    expect(await compare(POSTS, { base: [draft], clone: [draft], target: [live] })).toMatchObject({ changes: [] });
    expect(await compare(POSTS, { base: [draft], clone: [], target: [live] })).toMatchObject({ changes: [], told });
  });

  it('takes over an empty draft that became a post in the clone', async () => {
    const ready = post(1, 'Written in the clone');
    const found = await compare(POSTS, { base: [draft], clone: [ready], target: [draft] });
    expect(found).toMatchObject({
      told: [],
      changes: ['update 1|Auto Draft|auto-draft|post|0 → 1|Written in the clone|publish|post|0'],
    });
  });

  it('stops when both made a post of the same empty draft', async () => {
    const found = await compare(POSTS, { base: [draft], clone: [post(1, 'Ours')], target: [post(1, 'Theirs')] });
    expect(found.told).toEqual(['new post 1: Theirs (lost)']);
  });

  it('leaves empty drafts where they are', async () => {
    expect(await compare(POSTS, { base: [], clone: [draft], target: [post(2, 'x')] })).toMatchObject({ changes: [] });
  });

  it('does not take a new comment for a change of the post, and keeps the count of comments', async () => {
    const base = [post(1, 'Old', 'publish', 2)];
    const commented = [post(1, 'Old', 'publish', 5)];
    expect(await compare(POSTS, { base, clone: base, target: commented })).toMatchObject(NOTHING);
    const edited = await compare(POSTS, { base, clone: [post(1, 'Edited', 'publish', 2)], target: commented });
    expect(edited).toMatchObject({ told: [], changes: ['update 1|Old|publish|post|5 → 1|Edited|publish|post|5'] });
  });

  it('tells what came, changed and went on the target meanwhile, though nothing of it is lost', async () => {
    const base = [post(1, 'Stays'), post(2, 'Edited there'), post(3, 'Removed there')];
    const found = await compare(POSTS, { base, clone: base, target: [base[0] ?? [], post(2, 'Now'), post(9, 'New there')] });
    expect(found).toMatchObject({
      changes: [],
      told: ['changed post 2: Now', 'removed post 3: Removed there', 'new post 9: New there'],
    });
  });
});

describe('options', () => {
  const option = (id: number, name: string, value: string): MemoryRow => [`${id}`, name, value];

  it('finds an option by its name and keeps the number it has on the target', async () => {
    const found = await compare(OPTIONS, {
      base: [option(1, 'blogname', 'Old')],
      clone: [option(1, 'blogname', 'New')],
      target: [option(40, 'blogname', 'Old')],
    });
    expect(found).toMatchObject({ told: [], changes: ['update 40|blogname|Old → 40|blogname|New'] });
  });

  it('numbers new options behind all that the target has, also those that stay', async () => {
    const found = await compare(OPTIONS, {
      base: [],
      clone: [option(1, 'new_a', '1'), option(2, 'new_b', '2')],
      target: [option(10, 'theirs', 'x'), option(500, '_transient_feed', 'x')],
    });
    expect(found.changes).toEqual(['insert – → 1501|new_a|1', 'insert – → 1502|new_b|2']);
  });

  it('leaves what is one site’s own: addresses, keys, transients, the agent’s secrets', async () => {
    const own = [
      'siteurl',
      'home',
      'auth_key',
      'cron',
      '_transient_x',
      '_site_transient_y',
      'wcr_pairing',
      'active_plugins',
      'template',
    ];
    const clone = own.map((name, at) => option(at + 1, name, 'clone'));
    expect(await compare(OPTIONS, { base: [], clone, target: [] })).toMatchObject(NOTHING);
    expect(await compare(OPTIONS, { base: clone, clone: [], target: clone })).toMatchObject(NOTHING);
  });

  it('tells of an option that both changed, and does not stop for it', async () => {
    const states = { base: [option(1, 'o', 'a')], clone: [option(1, 'o', 'b')], target: [option(1, 'o', 'c')] };
    const { findings, told } = await compare(OPTIONS, states);
    expect(told).toEqual(['changed o (lost)']);
    expect(findings[0]?.isLenient).toBe(true);
  });

  it('amends a row of the target that does not travel', async () => {
    const found = await compare(
      OPTIONS,
      {
        base: [option(1, 'o', 'a')],
        clone: [option(1, 'o', 'b')],
        target: [option(1, 'o', 'a'), option(2, 'active_plugins', 'x')],
      },
      {
        amend: (row) =>
          row.includes('active_plugins') ? Buffer.from(row.toString('latin1').replace(/x$/, 'y'), 'latin1') : undefined,
      },
    );
    expect(found.changes).toEqual(['update 1|o|a → 1|o|b', 'update 2|active_plugins|x → 2|active_plugins|y']);
  });
});

it('leaves the clone’s own administrator and a user of the target with the same number alone', async () => {
  const schema = schemaOf('wp_users', { ID: 'bigint', user_login: 'varchar(60)' }, ['ID']);
  const base: MemoryRow[] = [['1', 'owner']];
  const found = await compare(schema, { base, clone: [...base, ['77', 'clone-admin']], target: [...base, ['77', 'customer']] });
  expect(found).toMatchObject({ changes: [], told: [] });
});
