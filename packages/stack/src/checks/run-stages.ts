import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { type Counts, readReport } from './read-report.ts';
import type { Stage, StageContext } from './stages.ts';

export type StageResult = Counts & { readonly name: string; readonly seconds: number };

/** Runs the stages one after the other, all of them, whatever fails; their output goes where ours goes. */
export async function runStages(stages: readonly Stage[], context: StageContext): Promise<StageResult[]> {
  rmSync(context.reports, { recursive: true, force: true });
  mkdirSync(context.reports, { recursive: true });
  const results: StageResult[] = [];
  for (const stage of stages) {
    context.say(`\n=== ${stage.name}`);
    const begin = performance.now();
    const counts = await runStage(stage, context);
    const seconds = (performance.now() - begin) / 1000;
    results.push({ name: stage.name, seconds, ...counts });
    context.say(`=== ${stage.name}: ${counts.failed === 0 ? 'ok' : 'FAILED'} (${seconds.toFixed(1)} s)`);
  }
  return results;
}

/** A table of the results, and as its last line what all of it comes to. */
export function summarise(results: readonly StageResult[]): string {
  const rows = results.map(({ name, passed, failed, skipped, seconds }) =>
    [
      failed === 0 ? 'ok    ' : 'FAILED',
      name.padEnd(14),
      `${passed}`.padStart(6),
      `${failed}`.padStart(6),
      `${skipped}`.padStart(7),
      `${seconds.toFixed(1)} s`.padStart(9),
    ].join(' '),
  );
  const sum = (key: 'passed' | 'failed'): number => results.reduce((total, result) => total + result[key], 0);
  const head = `${' '.repeat(7)}${'stage'.padEnd(14)} passed failed skipped      time`;
  return ['', head, ...rows, '', `${sum('passed')} passed, ${sum('failed')} failed`].join('\n');
}

/** A stage that reports no tests counts as one; one that fails beyond its tests as one more. */
async function runStage(stage: Stage, context: StageContext): Promise<Counts> {
  const command = await stage.command(context);
  if (command === undefined) return { passed: 0, failed: 0, skipped: 0 };
  const status = await runVisibly(command, context);
  const counts = stage.report ? readReport(stage.report(context)) : undefined;
  if (counts === undefined) return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
  return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

function runVisibly([program, ...args]: readonly string[], context: StageContext): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program ?? '', args, { cwd: context.root, stdio: ['ignore', context.output, context.output] });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
