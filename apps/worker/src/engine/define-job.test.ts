import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineJob } from './define-job.ts';

const define = (steps: readonly string[]) =>
  defineJob<unknown>()({ name: 'clone', input: z.object({}), steps, run: async () => null });

it('takes steps that are named once each', () => {
  expect(define(['reach-source', 'copy']).steps).toEqual(['reach-source', 'copy']);
});

it.each([[['copy', 'copy']], [[]], [['Copy']], [['copy_it']]])('refuses %j', (steps) => {
  expect(() => define(steps)).toThrow(TypeError);
});
