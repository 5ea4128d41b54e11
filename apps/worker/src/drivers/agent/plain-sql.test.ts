import fc from 'fast-check';
import { expect, it } from 'vitest';
import { oddityOfForeignKey, oddityOfTable, oddityOfTrigger, oddityOfView } from './plain-sql.ts';

const table = (definitions: string, options = 'ENGINE=InnoDB') => `CREATE TABLE {{table}} (\n  ${definitions}\n) ${options}`;

it.each([
  table(
    '`id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,\n  PRIMARY KEY (`id`)',
    'ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4',
  ),
  table(
    "`select` varchar(20) DEFAULT 'SELECT; -- /* it''s \\' */', KEY `union` (`select`(10))",
    "ENGINE=MyISAM COMMENT='DATA DIRECTORY=''/etc'''",
  ),
  table("`a``b` int, `c` int GENERATED ALWAYS AS (`a``b` + 1) STORED, CHECK (`c` like 'x%')", 'ENGINE=Aria PAGE_CHECKSUM=1'),
  table('`y` int /*!80023 INVISIBLE */, FULLTEXT KEY `f` (`y`) /*!50100 WITH PARSER `ngram` */'),
  table('`y` int', "ENGINE=InnoDB\n/*!50100 PARTITION BY LIST  COLUMNS(`y`)\n(PARTITION p0 VALUES IN ('a') ENGINE = InnoDB) */"),
  table('`j` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin CHECK (json_valid(`j`))', 'ENGINE=InnoDB WITH SYSTEM VERSIONING'),
])('takes the definition of a table as servers print it: %s', (sql) => {
  expect(oddityOfTable(sql)).toBeUndefined();
});

it.each([
  'CREATE TABLE wp_users (`id` int)',
  'CREATE OR REPLACE TABLE {{table}} (`id` int)',
  'CREATE TABLE {{table}} LIKE wp_users',
  'CREATE TABLE {{table}} (LIKE `wp_users`)',
  'CREATE TABLE {{table}} (`id` int) SELECT * FROM `wp_users`',
  'CREATE TABLE {{table}} (`id` int) TABLE `wp_users`',
  'CREATE TABLE {{table}} (`id` int); DROP TABLE `wp_users`',
  table('`id` int', "ENGINE=InnoDB DATA DIRECTORY='/etc'"),
  table('`id` int', "ENGINE=MyISAM INDEX DIRECTORY = '/etc'"),
  table('`id` int', "ENGINE=FEDERATED CONNECTION='mysql://root@10.0.0.1/x/y'"),
  table('`id` int', "ENGINE=connect TABLE_TYPE=CSV FILE_NAME='/etc/passwd'"),
  table('`id` int', "ENGINE='CONNECT' TABLE_TYPE=CSV FILE_NAME='/etc/passwd'"),
  table('`id` int', 'ENGINE `SPIDER`'),
  table('`id` int', 'ENGINE=MERGE UNION=(`wp_users`)'),
  table("`x` longblob DEFAULT (load_file('/etc/passwd'))"),
  table('`id` int REFERENCES `other`.`t` (`id`)'),
  table('`id` int, FOREIGN KEY (`id`) REFERENCES `t` (`id`)'),
  // What one reads as a text another reads as a statement.
  table('`id` int', "ENGINE=InnoDB /* ' */ SELECT 1 /* ' */"),
  table('`id` int', "ENGINE=InnoDB /*!99999 ' */ SELECT 1 /* ' */"),
  table('`id` int', "ENGINE=InnoDB -- '\n SELECT 1 -- '"),
  table('`id` int', "ENGINE=InnoDB # '\n SELECT 1 # '"),
  table('`id` int', "ENGINE=InnoDB COMMENT='"),
  table('`id` int', 'ENGINE=InnoDB /*!50100 '),
])('refuses a definition that is more than a new table: %s', (sql) => {
  expect(oddityOfTable(sql)).toBeTypeOf('string');
});

it.each([
  'ALTER TABLE {{table}} ADD CONSTRAINT `a` FOREIGN KEY (`up`) REFERENCES {{table:wp_parent}} (`id`) ON DELETE SET NULL',
  'ALTER TABLE {{table}} ADD CONSTRAINT `na``me` FOREIGN KEY `i` (`a``b`,`c`) REFERENCES {{table:wp_pa`rent}} (`id`, `x`) ON DELETE CASCADE ON UPDATE NO ACTION',
])('takes the foreign key %s', (sql) => {
  expect(oddityOfForeignKey(sql)).toBeUndefined();
});

it.each([
  'ALTER TABLE {{table}} RENAME TO `wp_users`',
  'ALTER TABLE `wp_users` DROP COLUMN `user_pass`',
  'ALTER TABLE {{table}} ADD CONSTRAINT `a` FOREIGN KEY (`b`) REFERENCES `mysql`.`user` (`c`)',
  'ALTER TABLE {{table}} ADD CONSTRAINT `a` FOREIGN KEY (`b`) REFERENCES {{table:c}} (`d`), DROP COLUMN `e`',
  'ALTER TABLE {{table}} ADD FOREIGN KEY (`b`) REFERENCES {{table:c}} (`d`); DROP TABLE `e`',
])('refuses what is no foreign key: %s', (sql) => {
  expect(oddityOfForeignKey(sql)).toBeTypeOf('string');
});

it('takes views and triggers, and refuses what else comes under their name', () => {
  expect(oddityOfView('wp_v', 'CREATE VIEW `wp_v` AS select `wp_posts`.`ID` AS `ID` from `wp_posts`')).toBeUndefined();
  for (const sql of [
    'CREATE VIEW `wp_other` AS select 1',
    'CREATE DEFINER=`root`@`%` VIEW `wp_v` AS select 1',
    'CREATE SQL SECURITY DEFINER VIEW `wp_v` AS select 1',
    "CREATE VIEW `wp_v` AS select load_file('/etc/passwd')",
    'CREATE VIEW `wp_v` AS select 1; DROP TABLE `wp_users`',
    'DROP VIEW `wp_v`',
  ])
    expect(oddityOfView('wp_v', sql)).toBeTypeOf('string');
  const trigger = "CREATE TRIGGER wp_t BEFORE INSERT ON wp_x FOR EACH ROW BEGIN SET NEW.a = 'x;'; /* note */ SET NEW.b = 2; END";
  expect(oddityOfTrigger(trigger)).toBeUndefined();
  for (const sql of [
    trigger.replace('TRIGGER', 'DEFINER=`root`@`%` TRIGGER'),
    trigger.replace('BEGIN', "BEGIN SELECT 1 INTO OUTFILE '/tmp/x';"),
    'CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DROP TABLE wp_users',
    'CREATE PROCEDURE p() DROP TABLE wp_users',
    'DROP TRIGGER wp_t',
  ])
    expect(oddityOfTrigger(sql)).toBeTypeOf('string');
});

it('judges any text without an error, and in time that grows with its length', () => {
  const pieces = fc.constantFrom(
    "'",
    '"',
    '`',
    '\\',
    '/*',
    '*/',
    '!',
    '--',
    '#',
    ';',
    '(',
    ')',
    ' ',
    '\n',
    'SELECT',
    'a',
    '{{table}}',
    '{{table:x}}',
    ',',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
      const text = parts.join('');
      for (const sql of [text, `CREATE TABLE {{table}} (${text}`, `ALTER TABLE {{table}} ADD FOREIGN KEY ${text}`]) {
        oddityOfTable(sql);
        oddityOfForeignKey(sql);
        oddityOfTrigger(sql);
        oddityOfView('x', sql);
      }
    }),
  );
  for (const text of [
    "'".repeat(40_001),
    '`a`,'.repeat(20_000),
    '\\'.repeat(40_000),
    '/*!'.repeat(20_000),
    "'x".repeat(1 << 20),
  ]) {
    oddityOfTable(`CREATE TABLE {{table}} (${text}`);
    expect(oddityOfForeignKey(`ALTER TABLE {{table}} ADD FOREIGN KEY (${text}`)).toBeTypeOf('string');
  }
});
