import { expect, test } from 'vitest';
import { compareVersions } from './compare-versions.ts';

test.each([
  ['1.2.0', '1.10.0'],
  ['1.2', '1.2.1'],
  ['2.0-beta1', '2.0'],
  ['2.0-alpha', '2.0-beta'],
  ['2.0-beta1', '2.0-beta2'],
  ['', '0.1'],
])('%s is older than %s', (older, newer) => {
  expect(compareVersions(older, newer)).toBeLessThan(0);
  expect(compareVersions(newer, older)).toBeGreaterThan(0);
});

test('a missing part is a zero', () => {
  expect(compareVersions('1.2', '1.2.0')).toBe(0);
});
