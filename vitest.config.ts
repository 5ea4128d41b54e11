import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './packages/stack/src/testing/longest-first.ts';

const roots = ['apps/*/src', 'apps/plugin/tests', 'packages/*/src', 'test'];
const exclude = ['**/node_modules/**', 'test/gates/violations/**'];

/**
 * Touching memory for the first time is dear, and so is starting a program from a process that has much of it: V8 takes a quarter of the
 * young generation it would take, and collects before it has grown by gigabytes. That saves about a tenth of the time.
 */
const YOUNG = '--max-semi-space-size=4';
const execArgv = [YOUNG, '--max-old-space-size=1024'];

/** Tests start dozens of programs of ours: none of them shall be compiled twice. */
const env = { NODE_COMPILE_CACHE: join(import.meta.dirname, '.local/cache/node'), NODE_OPTIONS: YOUNG };

/**
 * Files share a process, one after the other: each has services, folders and ports of its own, and takes back what it changes of the
 * process (variables, clocks, tracing). A process for each made the whole a sixth slower.
 */
const together = { pool: 'forks' as const, isolate: false, execArgv };

/** The suffix tells the cost: `.test.ts` pure, `.int.test.ts` real services, `.e2e.test.ts` the whole stack. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // One after the other when a run has several: they take different numbers of workers.
    projects: [
      {
        test: {
          name: 'unit',
          include: roots.map((root) => `${root}/**/*.test.ts`),
          exclude: [...exclude, '**/*.int.test.ts', '**/*.e2e.test.ts'],
          // Pure functions leave nothing behind for the next file; a process for each would cost five times as much.
          testTimeout: 60_000,
          pool: 'threads',
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'int',
          include: roots.map((root) => `${root}/**/*.int.test.ts`),
          exclude,
          globalSetup: ['packages/stack/src/testing/global-setup.ts'],
          env,
          ...together,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: roots.map((root) => `${root}/**/*.e2e.test.ts`),
          exclude,
          globalSetup: ['packages/stack/src/testing/global-setup.ts'],
          env,
          ...together,
          // A set-up makes up to seventeen clones. A hang is to be found, not a slow machine.
          testTimeout: 900_000,
          hookTimeout: 1_800_000,
          // Two keep two cores busy: three took as long, and are nearer to missing the locks that tests wait for.
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
