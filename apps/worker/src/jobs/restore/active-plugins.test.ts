import { expect, it } from 'vitest';
import { mergeActivePlugins, readList, serializeList } from './active-plugins.ts';

const merge = (base: string[], clone: string[], target: string[], there: string[] = []) =>
  mergeActivePlugins({ base, clone, target }, (file) => there.includes(file));

it('leaves the target’s list and its order alone when nothing was switched in the clone', () => {
  expect(merge(['a', 'b'], ['a', 'b'], ['z', 'b', 'a'])).toEqual({ active: ['z', 'b', 'a'], missing: [] });
});

it('switches on and off what was switched in the clone', () => {
  expect(merge(['a', 'b'], ['b', 'c'], ['x', 'b', 'a'], ['c'])).toEqual({ active: ['b', 'c', 'x'], missing: [] });
  expect(merge(['a', 'b'], ['b'], ['x', 'b', 'a'])).toEqual({ active: ['x', 'b'], missing: [] });
});

it('keeps what the target switched itself', () => {
  expect(merge(['a', 'b'], ['a', 'b'], ['b', 'new'])).toEqual({ active: ['b', 'new'], missing: [] });
  expect(merge(['a'], ['a', 'c'], ['a', 'c'])).toEqual({ active: ['a', 'c'], missing: [] });
});

it('tells which plugins would be active and are not there', () => {
  expect(merge([], ['seo/seo.php'], ['a'])).toEqual({ active: ['a'], missing: ['seo/seo.php'] });
});

it('never switches the agent’s own plugin off', () => {
  const own = 'wp-clone-restore/wp-clone-restore.php';
  expect(merge([own, 'a'], [], [own, 'a']).active).toEqual([own]);
});

it('writes and reads lists as PHP does, in bytes', () => {
  const list = serializeList(['a/a.php', 'ü/ü.php']);
  expect(list.toString()).toBe('a:2:{i:0;s:7:"a/a.php";i:1;s:9:"ü/ü.php";}');
  expect(readList(list)).toEqual(['a/a.php', 'ü/ü.php']);
  expect(readList(Buffer.from('a:1:{i:4;s:1:"x";}'))).toEqual(['x']);
  expect(readList(Buffer.from('a:0:{}'))).toEqual([]);
});
