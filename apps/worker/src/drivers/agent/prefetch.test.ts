import { expect, it } from 'vitest';
import { prefetch } from './prefetch.ts';

async function* count(to: number, seen: number[] = []) {
  try {
    for (let value = 1; value <= to; value += 1) {
      seen.push(value);
      yield value;
    }
  } finally {
    seen.push(-1);
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

it('hands out everything once and in order', async () => {
  const got: number[] = [];
  for await (const value of prefetch(count(1000), { items: 7 })) got.push(value);
  expect(got).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
});

it('pulls ahead, but not beyond its limits', async () => {
  const byItems: number[] = [];
  const one = prefetch(count(100, byItems), { items: 5 });
  await one.next();
  await settle();
  expect(byItems).toEqual([1, 2, 3, 4, 5, 6]);
  const byBytes: number[] = [];
  const two = prefetch(count(100, byBytes), { items: 50, bytes: 10, sizeOf: () => 4 });
  await two.next();
  await settle();
  expect(byBytes).toEqual([1, 2, 3, 4]);
  await Promise.all([one.return(undefined), two.return(undefined)]);
});

it('ends the source when the consumer stops', async () => {
  const seen: number[] = [];
  for await (const value of prefetch(count(100, seen), { items: 3 })) if (value === 2) break;
  expect(seen.at(-1)).toBe(-1);
});

it('throws what the source threw, after what came before it', async () => {
  async function* broken() {
    yield 1;
    throw new Error('gone');
  }
  const got: number[] = [];
  const read = async () => {
    for await (const value of prefetch(broken(), { items: 9 })) got.push(value);
  };
  await expect(read()).rejects.toThrow('gone');
  expect(got).toEqual([1]);
});
