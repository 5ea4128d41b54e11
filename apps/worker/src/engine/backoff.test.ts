import { expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

const options = { firstMs: 1_000, maxMs: 60_000 };

it('doubles with every attempt, between half and all of the full wait', () => {
  expect([1, 2, 3, 4].map((made) => backoffMs(made, { ...options, random: () => 0 }))).toEqual([500, 1_000, 2_000, 4_000]);
  expect([1, 2, 3, 4].map((made) => backoffMs(made, { ...options, random: () => 1 }))).toEqual([1_000, 2_000, 4_000, 8_000]);
});

it('never waits longer than the cap, however many attempts there were', () => {
  for (const made of [7, 50, 5_000]) expect(backoffMs(made, { ...options, random: () => 0.999 })).toBeLessThanOrEqual(60_000);
});
