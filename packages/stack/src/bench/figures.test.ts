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

it('shows how far the ratios of rounds lie apart', () => {
  const ratios = [0.5, 0.7, 0.6];
  const table = renderFigures([{ name: 'clones taken on', value: 600, unit: '/s', baseline: 1000, ratios, least: 0.5 }]);
  expect(table.split('\n')).toEqual([
    'figure             ours  baseline                 ratio         target',
    'clones taken on  600 /s   1000 /s  0.60x (0.50 to 0.70)  at least 0.5x',
  ]);
});
