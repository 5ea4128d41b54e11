import type { TableSchema } from '@wcr/shared/contracts/agent-schema';
import { expect, it } from 'vitest';
import { type BaseMeta, baseTableOf } from '../../base/base-meta.ts';
import { hasSameShape, planTables } from './table-plan.ts';
import { schemaOf } from './testing/memory-site.ts';
import { pairOf } from './testing/site-pair.fixture.ts';

const THINGS = schemaOf('wp_things', { id: 'bigint(20) unsigned', v: 'text' }, ['id']);
const WIDER = schemaOf('wp_things', { id: 'bigint(20) unsigned', v: 'text', more: 'text' }, ['id']);
const answer = (tables: TableSchema[], triggerOn?: string) => ({
  ...{ tables, views: [], skipped: [] },
  triggers: triggerOn === undefined ? [] : [{ name: 't', table: triggerOn, sql: '' }],
});
const baseOf = (tables: TableSchema[], exact = true): BaseMeta => ({
  ...{ version: 1, home: '', root: '', prefix: 'wp_', wordpressVersion: '6.8', adminId: 77, activePlugins: [] },
  tables: tables.map((table) => baseTableOf(table, exact)),
});

type Case = { clone?: TableSchema; target?: TableSchema | null; base?: TableSchema | null; exact?: boolean; trigger?: boolean };

function plan({ clone = THINGS, target = THINGS, base = THINGS, exact = true, trigger = false }: Case) {
  const there = answer(target === null ? [] : [target], trigger ? 'wp_things' : undefined);
  const [planned] = planTables(answer([clone]), there, {
    pair: pairOf(),
    base: base === null ? baseOf([]) : baseOf([base], exact),
    brought: new Set(),
  });
  return planned;
}

it.each<[string, Case, object]>([
  ['changes rows of a table that both have', {}, { how: 'rows', hasBase: true }],
  ['knows nothing of rows whose values the clone’s server had changed', { exact: false }, { how: 'rows', hasBase: false }],
  ['compares a table that both have made', { base: null }, { how: 'rows', hasBase: false }],
  ['swaps a table with triggers, with the target’s rows merged', { trigger: true }, { how: 'swap', mergesRows: true }],
  [
    'swaps a table without transactions, with the target’s rows merged',
    { target: { ...THINGS, transactional: false } },
    { how: 'swap', mergesRows: true },
  ],
  [
    'brings a table that is new in the clone',
    { base: null, target: null },
    { how: 'swap', target: undefined, mergesRows: false },
  ],
  ['leaves away a table that the target has removed', { target: null }, { how: 'kept' }],
  ['keeps a table whose structure changed on the target', { target: WIDER }, { how: 'kept' }],
  ['keeps it also when both changed it alike', { target: WIDER, clone: WIDER }, { how: 'kept' }],
  ['swaps a table whose structure the clone changed', { clone: WIDER }, { how: 'swap', mergesRows: false, hasBase: true }],
  [
    'swaps a table without a key',
    { clone: { ...THINGS, key: null }, target: { ...THINGS, key: null }, base: { ...THINGS, key: null } },
    { how: 'swap', mergesRows: false },
  ],
])('%s', (_case, given, expected) => {
  expect(plan(given)).toMatchObject({ name: 'wp_things', ...expected });
});

it('finds tables under the target’s prefix and leaves running work alone', () => {
  const pair = pairOf({ hasBase: false, to: { home: '', root: '', prefix: 'shop_' } });
  const queue = schemaOf('wp_actionscheduler_actions', { id: 'int' }, ['id']);
  const planned = planTables(answer([THINGS, queue]), answer([{ ...THINGS, name: 'shop_things' }]), {
    pair,
    base: baseOf([WIDER]),
    brought: new Set(),
  });
  expect(planned).toMatchObject([{ name: 'shop_things', how: 'rows', hasBase: false }]);
});

it('takes structures for the same that servers only print differently', () => {
  const printed = schemaOf('wp_things', { v: 'text', id: 'BIGINT unsigned' }, ['id']);
  expect(hasSameShape(THINGS, printed)).toBe(true);
  expect(hasSameShape(THINGS, schemaOf('wp_things', { id: 'bigint(20)', v: 'text' }, ['id']))).toBe(false);
  expect(hasSameShape(THINGS, { ...THINGS, key: ['v'] })).toBe(false);
});

it('takes a table whole again that an earlier restore has brought whole', () => {
  const known = { pair: pairOf(), base: baseOf([]), brought: new Set(['wp_things']) };
  expect(planTables(answer([THINGS]), answer([THINGS]), known)).toMatchObject([{ how: 'swap', mergesRows: false }]);
});

it('never takes a site’s options and users as a whole', () => {
  const users = { ...THINGS, name: 'wp_users' };
  const known = { pair: pairOf(), base: baseOf([users]), brought: new Set<string>() };
  const wider = { ...WIDER, name: 'wp_users' };
  expect(planTables(answer([wider]), answer([users]), known)).toMatchObject([{ how: 'kept' }]);
});
