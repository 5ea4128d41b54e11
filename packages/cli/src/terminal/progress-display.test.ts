import type { JobProgress } from '@wcr/shared/contracts/jobs';
import { expect, it } from 'vitest';
import { createProgressDisplay, progressLine } from './progress-display.ts';

const at = (stepNumber: number, rest: Partial<JobProgress> = {}): JobProgress => ({
  ...{ step: 'copy-files', stepNumber, stepCount: 4, at: 0 },
  ...rest,
});

it('the bar tells the share of the steps, and of the bytes within a step', () => {
  expect(progressLine(at(1))).toBe('[------------------------] 1/4 copy-files');
  const half = at(3, { bytes: 5 * 1024 ** 2, totalBytes: 10 * 1024 ** 2 });
  expect(progressLine(half)).toBe('[###############---------] 3/4 copy-files  5.0 of 10.0 MiB');
});

it('a terminal has one line that changes', () => {
  const written: string[] = [];
  const display = createProgressDisplay({ isTTY: true, write: (text) => written.push(text) });
  display.show(at(1));
  display.show(at(1));
  display.show(at(2));
  display.end();
  expect(written.map((text) => text.startsWith('\r'))).toEqual([true, true, false]);
  expect(written.at(-1)).toBe('\n');
});

it('elsewhere there is a line per step and tenth, however often it is told', () => {
  const written: string[] = [];
  const display = createProgressDisplay({ write: (text) => written.push(text) });
  for (let done = 0; done <= 100; done += 1) display.show(at(1, { done, total: 100 }));
  display.end();
  expect(written).toHaveLength(11);
});
