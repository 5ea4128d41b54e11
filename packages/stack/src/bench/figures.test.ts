import { expect, it } from 'vitest';
import { median, renderFigures } from './figures.ts';

it('the median of an even number of rounds lies between the middle two', () => {
  expect(median([9, 1, 3, 5])).toBe(4);
  expect(median([7])).toBe(7);
});

it('shows a ratio only where there is a baseline', () => {
  const table = renderFigures([
    { name: 'clone small', value: 1500, unit: 'ms', baseline: 1000, target: 2 },
    { name: '  copy-files', value: 4.25, unit: 'ms' },
  ]);
  expect(table.split('\n')).toEqual([
    'figure           ours  baseline  ratio  target',
    'clone small   1500 ms   1000 ms  1.50x      2x',
    '  copy-files   4.3 ms',
  ]);
});
