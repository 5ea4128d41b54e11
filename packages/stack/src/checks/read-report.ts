import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

export type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };

const VitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
});

/** What a test runner counted: vitest's JSON or PHPUnit's JUnit XML; undefined when it did not get that far. */
export function readReport(file: string): Counts | undefined {
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  return file.endsWith('.xml') ? readJunit(text) : readVitest(text);
}

function readVitest(text: string): Counts {
  const report = VitestReport.parse(JSON.parse(text));
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** The first `<testsuite>` sums up all below it. */
function readJunit(text: string): Counts | undefined {
  const suite = /<testsuite [^>]*>/.exec(text)?.[0];
  if (!suite) return undefined;
  const count = (name: string): number => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  return { passed: count('tests') - failed - count('skipped'), failed, skipped: count('skipped') };
}
