import { describe, expect, it } from 'vitest';
import { formatMark, LOG_START, linesAfter, markOf, parseMark } from './job-logs.ts';

describe('the lines after a mark', () => {
  it('are all of them at the start', () => {
    expect(linesAfter(['a', 'b'], LOG_START)).toEqual(['a', 'b']);
  });

  it('are those that came since, also when lines repeat', () => {
    expect(linesAfter(['a', 'a', 'a'], markOf('a', 2))).toEqual(['a']);
    expect(linesAfter(['a', 'b'], markOf('b', 2))).toEqual([]);
  });

  it('are found again after old lines were dropped', () => {
    expect(linesAfter(['c', 'd', 'e'], markOf('d', 4))).toEqual(['e']);
  });

  it('are all there is when the last line read was dropped too', () => {
    expect(linesAfter(['x', 'y'], markOf('d', 4))).toEqual(['x', 'y']);
  });
});

it('a mark survives being sent to a client, and nonsense is the start', () => {
  const mark = markOf('line', 3);
  expect(parseMark(formatMark(mark))).toEqual(mark);
  expect(parseMark(formatMark(LOG_START))).toEqual(LOG_START);
  for (const text of [undefined, '', 'x', '-1-00000000', '1-zz']) expect(parseMark(text)).toEqual(LOG_START);
});
