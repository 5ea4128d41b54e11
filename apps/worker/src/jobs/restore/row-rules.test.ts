import { expect, it } from 'vitest';
import { createRewriter } from '../../rewriter/rewriter.ts';
import { createRowAdoption } from './row-adoption.ts';
import { rulesFor, travelsAtAll, viewRow } from './row-rules.ts';
import { createRowTranslation } from './row-translation.ts';
import { restoreMapOf } from './site-pair.ts';
import { pack, schemaOf } from './testing/memory-site.ts';
import { pairOf } from './testing/site-pair.fixture.ts';

const view = (values: Record<string, string>) => (column: string) => values[column];
const rules = (table: string, more = {}) => rulesFor(table, ['id'], { adminId: 77, preserveThemes: true, ...more });

it('leaves queues, sessions and the agent’s own tables as the target has them', () => {
  expect(['actionscheduler_actions', 'woocommerce_sessions', 'wcr_session'].map(travelsAtAll)).toEqual([false, false, false]);
  expect(['posts', 'wc_orders', 'my_actionscheduler_copy'].map(travelsAtAll)).toEqual([true, true, true]);
});

it('takes the choice of the theme along only when themes are', () => {
  const stylesheet = view({ option_name: 'stylesheet' });
  expect(rules('options').travels(stylesheet)).toBe(false);
  expect(rules('options', { preserveThemes: false }).travels(stylesheet)).toBe(true);
});

it('does not take logins, editing marks and the clone’s administrator along', () => {
  expect(rules('usermeta').travels(view({ user_id: '1', meta_key: 'session_tokens' }))).toBe(false);
  expect(rules('usermeta').travels(view({ user_id: '77', meta_key: 'nickname' }))).toBe(false);
  expect(rules('usermeta').travels(view({ user_id: '7', meta_key: 'nickname' }))).toBe(true);
  expect(rules('postmeta').travels(view({ meta_key: '_edit_lock' }))).toBe(false);
  expect(rules('users', { adminId: null }).travels(view({ ID: '77' }))).toBe(true);
});

it('names what people know: orders, comments, users, posts', () => {
  const describe = (table: string, values: Record<string, string>) => rules(table).describe(view(values));
  expect(describe('posts', { ID: '9', post_type: 'shop_order' })).toEqual({ kind: 'order', what: '#9' });
  expect(describe('posts', { ID: '9', post_type: 'page', post_title: 'About' })).toEqual({ kind: 'post', what: 'page 9: About' });
  expect(describe('posts', { ID: '9', post_type: 'revision' })).toMatchObject({ kind: 'revision' });
  expect(describe('wc_orders', { id: '9' })).toEqual({ kind: 'order', what: '#9' });
  expect(describe('comments', { comment_author: 'Ann', comment_post_ID: '3' }).what).toBe('by Ann on post 3');
  expect(describe('users', { user_login: 'ann' })).toEqual({ kind: 'user', what: 'ann' });
  expect(describe('terms', { id: '4' })).toEqual({ kind: 'row', what: 'terms 4' });
});

it('gives addresses, also identifiers of posts, and what the clone’s administrator wrote to the target', () => {
  const schema = schemaOf('wp_posts', { ID: 'bigint', post_author: 'bigint', guid: 'varchar(255)', post_content: 'longtext' }, [
    'ID',
  ]);
  const pair = pairOf();
  const translation = createRowTranslation(schema, pair, createRewriter(restoreMapOf(pair)));
  const clone = pair.from.home;
  const row = translation.translate(pack(['5', '77', `${clone}/?p=5`, `<a href="${clone}/x">`]));
  expect(row).toEqual(pack(['5', '1', 'https://live.example/?p=5', '<a href="https://live.example/x">']));
  expect(translation.replacements()).toBe(2);
  const other = pack(['6', '2', '', 'plain']);
  expect(translation.translate(other)).toBe(other);
});

it('leaves authors alone when nobody could inherit', () => {
  const schema = schemaOf('wp_posts', { ID: 'bigint', post_author: 'bigint' }, ['ID']);
  const row = pack(['5', '77']);
  const pair = pairOf({ heirId: null });
  expect(createRowTranslation(schema, pair, createRewriter(restoreMapOf(pair))).translate(row)).toBe(row);
});

it('renames what is named after the table prefix, and nothing that only begins alike', () => {
  const pair = pairOf({ to: { home: 'https://live.example', root: '/var/www', prefix: 'shop_' } });
  const rewriter = createRewriter(restoreMapOf(pair));
  const meta = createRowTranslation(
    schemaOf('shop_usermeta', { umeta_id: 'bigint', meta_key: 'text' }, ['umeta_id']),
    pair,
    rewriter,
  );
  expect(meta.translate(pack(['1', 'wp_capabilities']))).toEqual(pack(['1', 'shop_capabilities']));
  const options = createRowTranslation(
    schemaOf('shop_options', { option_id: 'int', option_name: 'text' }, ['option_id']),
    pair,
    rewriter,
  );
  expect(options.translate(pack(['1', 'wp_user_roles']))).toEqual(pack(['1', 'shop_user_roles']));
  expect(options.translate(pack(['1', 'wp_page_for_privacy_policy']))).toEqual(pack(['1', 'wp_page_for_privacy_policy']));
  const posts = createRowTranslation(schemaOf('shop_posts', { ID: 'int', post_name: 'text' }, ['ID']), pair, rewriter);
  expect(posts.translate(pack(['1', 'wp_capabilities']))).toEqual(pack(['1', 'wp_capabilities']));
});

it('keeps counts that the target derives, and takes the clone’s for what is new there', () => {
  const adoption = createRowAdoption('term_taxonomy', ['id', 'v', 'count']);
  expect(adoption.adopt(pack(['1', 'new', '9']), pack(['1', 'old', '4']))).toEqual(pack(['1', 'new', '4']));
  expect(adoption.adopt(pack(['1', 'new', '9']), undefined)).toEqual(pack(['1', 'new', '9']));
  const plain = createRowAdoption('terms', ['id', 'v']);
  const row = pack(['1', 'new']);
  expect(plain.adopt(row, pack(['1', 'old']))).toBe(row);
});

it('reads NULL and unknown columns as nothing', () => {
  const row = viewRow(pack(['1', null]), ['id', 'v']);
  expect([row('id'), row('v'), row('x')]).toEqual(['1', undefined, undefined]);
});
