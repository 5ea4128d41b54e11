import { expect, it } from 'vitest';
import { createWarmName } from './warm-names.ts';
import { chooseKept } from './warm-pool.ts';
import type { WarmTarget } from './warm-target.ts';

const NOW = 1_000_000_000;
const MINUTE_MS = 60_000;
const limits = { recipe: 'now', readyMs: 10 * MINUTE_MS, oldMs: 60 * MINUTE_MS };

function target(name: string, minutes: number, recipe = 'now'): WarmTarget {
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name, uid: name };
  return { name, owner, recipe, state: 'warm', claimedBy: undefined, madeAt: NOW - minutes * MINUTE_MS, version: '1' };
}

const keep = (targets: readonly WarmTarget[], ready: readonly string[], size: number): string[] =>
  chooseKept(targets, { ...limits, ready: new Set(ready), size, now: NOW }).map(({ name }) => name);

it('those that are ready are kept before those that are not, and the youngest before the others', () => {
  const targets = [target('old', 30), target('young', 5), target('starting', 1)];
  expect(keep(targets, ['old', 'young'], 3)).toEqual(['young', 'old', 'starting']);
  expect(keep(targets, ['old', 'young'], 1)).toEqual(['young']);
  expect(keep(targets, ['old', 'young'], 0)).toEqual([]);
});

it('one that does not become ready is not kept, nor one that is too old or made of something else', () => {
  const targets = [
    target('stuck', 11),
    target('starting', 9),
    target('ready', 59),
    target('old', 61),
    target('other', 1, 'then'),
  ];
  expect(keep(targets, ['ready', 'old', 'other'], 9)).toEqual(['ready', 'starting']);
});

it('the names of schema and user that come from a target’s name are short enough for MySQL', () => {
  expect(createWarmName(() => 0)).toBe('warm-aaaaaaaa');
  expect(createWarmName()).toMatch(/^warm-[a-z0-9]{8}$/);
});
