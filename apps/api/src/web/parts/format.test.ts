import { expect, it } from 'vitest';
import { formatBytes, formatDuration, formatMinutes, inWords, roughly, siteName } from './format.ts';

const [MINUTE, HOUR] = [60_000, 3_600_000];

it.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [12_345, '12.3 KB'],
  [480_000_000, '480 MB'],
  [1_234_567_890, '1.2 GB'],
])('%i bytes are told as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

it.each([
  [-5, '0 s', '0 s'],
  [12_900, '12 s', '12 s'],
  [9 * MINUTE + 58_000, '9 min 58 s', '9 min'],
  [48 * MINUTE + 59_000, '48 min', '48 min'],
  [HOUR + 12 * MINUTE, '1 h 12 min', '1 h'],
  [52 * HOUR, '2 d 4 h', '2 d'],
])('%i milliseconds are %s, or roughly %s', (ms, exact, rough) =>
  expect([formatDuration(ms), roughly(ms)]).toEqual([exact, rough]),
);

it.each([
  [30, '30 minutes'],
  [60, '1 hour'],
  [90, '90 minutes'],
  [10_080, '7 days'],
])('a life of %i minutes is offered as %s', (minutes, text) => expect(formatMinutes(minutes)).toBe(text));

it('names of steps and sites read as people say them', () => {
  expect(inWords('copy-tables')).toBe('Copy tables');
  expect(siteName('https://shop.example/blog/')).toBe('shop.example/blog');
});
