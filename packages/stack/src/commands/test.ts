import { join } from 'node:path';
import { runStages, summarise } from '../checks/run-stages.ts';
import { STAGES } from '../checks/stages.ts';
import { stackLayout } from '../stack/stack-layout.ts';

const layout = stackLayout(process.env);
const wanted = process.argv.slice(2);
const named = STAGES.filter((stage) => wanted.includes(stage.name));
const patterns = wanted.filter((word) => !STAGES.some((stage) => stage.name === word));
const testStages = STAGES.filter((stage) => ['unit', 'int', 'e2e'].includes(stage.name));
const stages = named.length > 0 ? named : patterns.length > 0 ? testStages : STAGES;

const results = await runStages(stages, {
  root: layout.root,
  reports: join(layout.state, 'reports'),
  patterns,
  say: (line) => console.log(line),
  output: 'inherit',
});
console.log(summarise(results));
process.exitCode = results.some((result) => result.failed > 0) ? 1 : 0;
