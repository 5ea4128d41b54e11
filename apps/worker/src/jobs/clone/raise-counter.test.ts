import { expect, it } from 'vitest';
import { raiseCounter } from './raise-counter.ts';

const posts = (type: string, options: string) =>
  `CREATE TABLE {{table}} (\n  \`ID\` ${type} unsigned NOT NULL AUTO_INCREMENT,\n  \`t\` text COMMENT 'AUTO_INCREMENT=5',\n  PRIMARY KEY (\`ID\`)\n) ${options}`;

it('counts what people see a little, and the rest far above the source', () => {
  const sql = posts('bigint(20)', 'ENGINE=InnoDB AUTO_INCREMENT=312 DEFAULT CHARSET=utf8mb4');
  expect(raiseCounter(sql, 'wp_posts', 'wp_')).toBe(sql.replace('=312', '=10312'));
  expect(raiseCounter(sql, 'wp_postmeta', 'wp_')).toBe(sql.replace('=312', '=1000312'));
});

it('begins above one where the source has no rows yet', () => {
  const sql = posts('int(11)', 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4');
  expect(raiseCounter(sql, 'wp_posts', 'wp_')).toContain('\n) AUTO_INCREMENT=10001 ENGINE=InnoDB');
});

it('leaves numbers alone that would run out', () => {
  for (const sql of [
    posts('smallint(5)', 'ENGINE=InnoDB AUTO_INCREMENT=7'),
    posts('tinyint(3)', 'ENGINE=InnoDB'),
    posts('int(10)', 'ENGINE=InnoDB AUTO_INCREMENT=2000000000'),
  ]) {
    expect(raiseCounter(sql, 'wp_postmeta', 'wp_')).toBe(sql);
  }
});

it('leaves tables without a counter as they are', () => {
  const sql = "CREATE TABLE {{table}} (\n  `id` bigint NOT NULL COMMENT 'no AUTO_INCREMENT here'\n) ENGINE=InnoDB";
  expect(raiseCounter(sql, 'wp_x', 'wp_')).toBe(sql);
});
