import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inLanes } from './in-lanes.ts';

it('gives results in the order of the things, never more at a time than there are lanes', async () => {
  let [now, most] = [0, 0];
  const results = await inLanes([30, 1, 10, 2, 5], 2, async (ms, index) => {
    now += 1;
    most = Math.max(most, now);
    await sleep(ms);
    now -= 1;
    return `${index}:${ms}`;
  });
  expect(results).toEqual(['0:30', '1:1', '2:10', '3:2', '4:5']);
  expect(most).toBe(2);
});

it('begins nothing after a failure, and throws once nothing is under way any more', async () => {
  const done: number[] = [];
  const running = inLanes([1, 2, 3, 4, 5, 6], 2, async (thing) => {
    await sleep(thing === 2 ? 1 : 15);
    if (thing === 2) throw new Error('the second fails');
    done.push(thing);
  });
  await expect(running).rejects.toThrow('the second fails');
  expect(done).toEqual([1]);
});

it('does nothing with nothing', async () => {
  expect(await inLanes([], 4, async () => 1)).toEqual([]);
});
