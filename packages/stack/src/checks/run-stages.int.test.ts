import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { runStages, summarise } from './run-stages.ts';
import type { Stage } from './stages.ts';
import { STAGES } from './stages.ts';

const contextIn = (root: string) => ({
  root,
  reports: join(root, 'reports'),
  patterns: [],
  say: () => undefined,
  output: 'ignore' as const,
});
const stage = (name: string, script: string, report?: string): Stage => ({
  name,
  command: () => ['sh', '-c', script],
  ...(report ? { report: ({ reports }) => join(reports, report) } : {}),
});

it('every stage runs, tests are counted, and a failure without a failed test counts', async () => {
  const root = temporaryFolder();
  const counts = '{"numPassedTests":5,"numFailedTests":1,"numPendingTests":2,"numTodoTests":0}';
  const junit =
    '<testsuites><testsuite name="" tests="9" errors="1" failures="2" skipped="1"><testsuite tests="4"/></testsuite></testsuites>';
  const results = await runStages(
    [
      stage('plain', 'exit 0'),
      stage('broken', 'exit 7'),
      stage('vitest', `echo '${counts}' > reports/v.json; exit 1`, 'v.json'),
      stage(
        'crash',
        `echo '{"numPassedTests":3,"numFailedTests":0,"numPendingTests":0,"numTodoTests":0}' > reports/c.json; exit 1`,
        'c.json',
      ),
      stage('phpunit', `echo '${junit}' > reports/p.xml; exit 1`, 'p.xml'),
      stage('no report', 'exit 1', 'none.json'),
    ],
    contextIn(root),
  );
  expect(results.map(({ passed, failed, skipped }) => [passed, failed, skipped])).toEqual([
    [1, 0, 0],
    [0, 1, 0],
    [5, 1, 2],
    [3, 1, 0],
    [5, 3, 1],
    [0, 1, 0],
  ]);
  expect(summarise(results).split('\n').at(-1)).toBe('14 passed, 7 failed');
});

it('PHP and shell files that are wrong fail their stages', async () => {
  const root = temporaryFolder();
  const wanted = STAGES.filter(({ name }) => name === 'php-syntax' || name === 'shell');
  const run = async (): Promise<number[]> => (await runStages(wanted, contextIn(root))).map(({ failed }) => failed);
  await runStages([stage('repository', 'git init -q .')], contextIn(root));
  writeFileSync(join(root, 'good name.php'), '<?php echo 1;\n');
  writeFileSync(join(root, 'tool'), '#!/usr/bin/env bash\necho "$1"\n');
  expect(await run()).toEqual([0, 0]);
  writeFileSync(join(root, 'bad.php'), '<?php echo (1;\n');
  writeFileSync(join(root, 'tool'), '#!/usr/bin/env bash\necho $1\n');
  expect(await run()).toEqual([1, 1]);
});
