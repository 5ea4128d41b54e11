import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { connectAsRoot } from '../../../../../packages/stack/src/services/mariadb.ts';
import { fileFrame, rowsFrame, type WriteAgent, wirePath } from './write-agent.ts';

type Sql = Awaited<ReturnType<typeof connectAsRoot>>;

/** Makes a live target: tables with keys, a trigger and a view that depend on each other, and files of every kind. */
export async function makeTarget(sql: Sql, root: string): Promise<void> {
  for (const statement of TARGET_SQL) await sql.query(statement);
  for (const [path, text] of Object.entries(TARGET_FILES)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  symlinkSync('kept.txt', join(root, 'wp-content/link'));
}

const TARGET_SQL = [
  "CREATE TABLE wp_options (option_id bigint unsigned AUTO_INCREMENT PRIMARY KEY, option_name varchar(191) NOT NULL DEFAULT '' UNIQUE, option_value longtext NOT NULL, autoload varchar(20) NOT NULL DEFAULT 'yes') ENGINE=InnoDB",
  "INSERT INTO wp_options (option_name, option_value) VALUES ('blogname', 'live'), ('wcr_work_suffix', 'abc'), ('wcrx', 'not ours')",
  'CREATE TABLE wp_parents (id int PRIMARY KEY, t text) ENGINE=InnoDB',
  "INSERT INTO wp_parents VALUES (1, 'live parent')",
  'CREATE TABLE wp_children (id int PRIMARY KEY, parent int, CONSTRAINT wp_child_fk FOREIGN KEY (parent) REFERENCES wp_parents (id) ON DELETE CASCADE) ENGINE=InnoDB',
  'INSERT INTO wp_children VALUES (1, 1)',
  'CREATE TABLE other_children (id int PRIMARY KEY, parent int, CONSTRAINT other_fk FOREIGN KEY (parent) REFERENCES wp_parents (id)) ENGINE=InnoDB',
  'INSERT INTO other_children VALUES (7, 1)',
  // Its rows are merged, beside a parent that is swapped.
  'CREATE TABLE wp_comments (id int PRIMARY KEY, t varchar(20), parent int, CONSTRAINT wp_comments_fk FOREIGN KEY (parent) REFERENCES wp_parents (id) ON DELETE CASCADE) ENGINE=InnoDB',
  "INSERT INTO wp_comments VALUES (1, 'live', 1), (2, 'live too', 1), (3, 'nobody touches it', 1)",
  "CREATE TRIGGER wp_parents_bi BEFORE INSERT ON wp_parents FOR EACH ROW SET NEW.t = CONCAT(NEW.t, ' live')",
  'CREATE VIEW wp_names AS SELECT t FROM wp_parents',
];

const TARGET_FILES = {
  'index.php': '<?php // live',
  'wp-content/kept.txt': 'kept',
  'wp-content/themes/old/style.css': 'live style',
  'wp-content/themes/old/extra.css': 'live extra',
  'wp-content/plugins/gone/gone.php': 'live gone',
  'wp-content/plugins/gone/deep/file.txt': 'live deep',
  'wp-content/thing': 'a file that becomes a folder',
  'wp-content/folder/inside.txt': 'a folder that becomes a file',
};

/** Stages a restore over the target of `makeTarget`: tables that are swapped, rows that are merged, files. */
export async function stage(agent: WriteAgent, session: string): Promise<void> {
  await agent.call('session.begin', { session, mode: 'merge', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
  await agent.call('tables.create', {
    session,
    tables: [
      {
        name: 'wp_options',
        createSql:
          "CREATE TABLE {{table}} (option_id bigint unsigned AUTO_INCREMENT PRIMARY KEY, option_name varchar(191) NOT NULL DEFAULT '' UNIQUE, option_value longtext NOT NULL, autoload varchar(20) NOT NULL DEFAULT 'yes') ENGINE=InnoDB",
      },
      { name: 'wp_parents', createSql: 'CREATE TABLE {{table}} (id int PRIMARY KEY, t text) ENGINE=InnoDB' },
      { name: 'wp_children', createSql: 'CREATE TABLE {{table}} (id int PRIMARY KEY, parent int) ENGINE=InnoDB' },
      { name: 'wp_new', createSql: 'CREATE TABLE {{table}} (id int PRIMARY KEY) ENGINE=MyISAM' },
    ],
  });
  const number = (name: string) => ({ name, kind: 'number' });
  const text = (name: string) => ({ name, kind: 'text' });
  await agent.call('rows.write', { session }, [
    rowsFrame('wp_options', [number('option_id'), text('option_name'), text('option_value')], 1, [
      ['1', 'blogname', 'restored'],
      ['2', 'wcr_work_suffix', 'of the clone'],
    ]),
    rowsFrame('wp_parents', [number('id'), text('t')], 1, [
      ['1', 'restored parent'],
      ['2', 'second'],
    ]),
    rowsFrame('wp_children', [number('id'), number('parent')], 1, [['1', '2']]),
    rowsFrame('wp_new', [number('id')], 1, [['5']]),
  ]);
  await stageRowsAndFiles(agent, session);
}

/** What most restores consist of: no table is swapped. */
export async function stageSmall(agent: WriteAgent, session: string): Promise<void> {
  await agent.call('session.begin', { session, mode: 'merge', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
  await stageRowsAndFiles(agent, session);
}

async function stageRowsAndFiles(agent: WriteAgent, session: string): Promise<void> {
  const columns = [
    { name: 'id', kind: 'number' },
    { name: 't', kind: 'text' },
    { name: 'parent', kind: 'number' },
  ];
  await agent.call('tables.merge', { session, tables: [{ name: 'wp_comments', columns: ['id', 't', 'parent'], key: ['id'] }] });
  await agent.call('rows.write', { session }, [
    rowsFrame(
      'wp_comments',
      columns,
      1,
      [
        ['1', 'restored', '1'],
        ['9', 'new', '2'],
      ],
      { part: 'rows' },
    ),
    rowsFrame(
      'wp_comments',
      columns,
      1,
      [
        ['1', 'live', '1'],
        ['2', 'live too', '1'],
      ],
      { part: 'former' },
    ),
  ]);
  await agent.call('files.make', {
    session,
    entries: [
      { kind: 'd', path: wirePath('wp-content/new-plugin/empty'), mode: 0o755 },
      { kind: 'l', path: wirePath('wp-content/link'), mode: 0o777, target: wirePath('themes/old/style.css') },
    ],
  });
  await agent.call('files.write', { session }, [
    fileFrame('index.php', '<?php // restored'),
    fileFrame('wp-content/themes/old/style.css', 'restored style'),
    fileFrame('wp-content/new-plugin/plugin.php', 'restored plugin'),
    fileFrame('wp-content/thing/now-a-folder.txt', 'restored'),
    fileFrame('wp-content/folder', 'now a file'),
    fileFrame('wp-content/plugins/gone/new.php', 'restored into a removed folder'),
  ]);
  await agent.call('files.remove', {
    session,
    paths: ['wp-content/plugins/gone', 'wp-content/plugins/gone/deep', 'wp-content/themes/old/extra.css'].map(wirePath),
  });
}

/** What a restore runs after its commit. */
export async function stageStatements(agent: WriteAgent, session: string): Promise<void> {
  await agent.call('session.execute', {
    session,
    phase: 'after-rows',
    statements: [
      {
        kind: 'foreign-key',
        name: 'wp_child_fk',
        sql: 'ALTER TABLE {{table:wp_children}} ADD CONSTRAINT `wp_child_fk` FOREIGN KEY (`parent`) REFERENCES {{table:wp_parents}} (`id`)',
      },
      { kind: 'view', name: 'wp_names', sql: 'CREATE VIEW `wp_names` AS SELECT id, t FROM wp_parents' },
      { kind: 'view', name: 'wp_new_view', sql: 'CREATE VIEW `wp_new_view` AS SELECT id FROM wp_new' },
      {
        kind: 'trigger',
        name: 'wp_parents_bi',
        sql: "CREATE TRIGGER `wp_parents_bi` BEFORE INSERT ON wp_parents FOR EACH ROW SET NEW.t = 'restored'",
      },
      { kind: 'analyze', name: 'wp_parents', sql: '' },
    ],
  });
}

/** Everything visitors could see of a site: definitions and rows, paths, contents, times and modes. */
export async function snapshot(sql: Sql, root: string): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  const [tables] = await sql.query('SHOW FULL TABLES');
  for (const [name, type] of (tables as Record<string, string>[]).map((row) => Object.values(row))) {
    if (name === undefined || name === 'wp_wcr_session' || /^wcrb?[0-9a-f]{6}_/.test(name)) continue;
    const [create] = await sql.query(`SHOW CREATE TABLE \`${name}\``);
    const [rows] = await sql.query(`SELECT * FROM \`${name}\` ORDER BY 1`);
    seen[`${type} ${name}`] = JSON.stringify([Object.values((create as Record<string, string>[])[0] ?? {})[1], rows]);
  }
  const [triggers] = await sql.query('SHOW TRIGGERS');
  for (const trigger of triggers as Record<string, unknown>[]) {
    seen[`trigger ${String(trigger['Trigger'])}`] = `${String(trigger['Table'])} ${String(trigger['Statement'])}`;
  }
  walk(root, '', seen);
  return seen;
}

function walk(root: string, folder: string, seen: Record<string, string>): void {
  for (const name of readdirSync(join(root, folder))) {
    const path = folder + name;
    const facts = lstatSync(join(root, path));
    if (facts.isSymbolicLink()) seen[path] = `-> ${readlinkSync(join(root, path))}`;
    else if (facts.isDirectory()) {
      seen[path] = `folder ${facts.mode.toString(8)}`;
      walk(root, `${path}/`, seen);
    } else {
      const hash = createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex');
      seen[path] = `${hash} ${facts.mode.toString(8)} ${facts.mtimeMs}`;
    }
  }
}
