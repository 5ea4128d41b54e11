import { expect, it } from 'vitest';
import { WriteBehind } from './write-behind.ts';

const later = (work: () => void) => new Promise<void>((resolve) => setImmediate(resolve)).then(work);

it('keeps the order of writes, one at a time', async () => {
  const seen: string[] = [];
  const behind = new WriteBehind();
  for (const name of ['a', 'b', 'c']) {
    await behind.push(async () => {
      seen.push(`${name} begins`);
      await later(() => seen.push(`${name} ends`));
    });
  }
  await behind.settle();
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

it('throws the failure of a write at the next one', async () => {
  const behind = new WriteBehind();
  await behind.push(async () => {
    await later(() => undefined);
    throw new Error('full');
  });
  await expect(behind.push(async () => undefined)).rejects.toThrow('full');
});

it('lets a running write end before a failure of its owner goes on', async () => {
  const seen: string[] = [];
  const work = async () => {
    await using behind = new WriteBehind();
    await behind.push(() => later(() => void seen.push('written')));
    throw new Error('the source died');
  };
  await expect(work()).rejects.toThrow('the source died');
  expect(seen).toEqual(['written']);
});
