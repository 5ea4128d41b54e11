import { expect, it } from 'vitest';
import { parseRange } from './parse-range.ts';

it.each([
  [undefined, 10, undefined],
  ['bytes=0-0', 10, { start: 0, end: 0 }],
  ['bytes=-20', 10, { start: 0, end: 9 }],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=5-', 10, { start: 5, end: 9 }],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-', 10, undefined],
  ['lines=1-2', 10, undefined],
])('the range %s of %d bytes', (header, size, expected) => {
  expect(parseRange(header, size)).toEqual(expected);
});
