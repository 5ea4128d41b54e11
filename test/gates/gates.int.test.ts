import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const violations = join(import.meta.dirname, 'violations');
const CONFIGURATION = [
  'biome.json',
  '.gitignore',
  '.dependency-cruiser.mjs',
  'turbo.json',
  'tsconfig.base.json',
  'knip.json',
  'pnpm-workspace.yaml',
  'pnpm-lock.yaml',
];
const bin = (name: string) => join(root, 'node_modules/.bin', name);
const GATES = {
  biome: [bin('biome'), 'lint', '--max-diagnostics=50', '.'],
  depcruise: [bin('depcruise'), '--config', '.dependency-cruiser.mjs', 'apps', 'packages'],
  turbo: [bin('turbo'), 'boundaries'],
  knip: [bin('knip'), '--no-config-hints', '--include', 'files'],
  tsc: [bin('tsc'), '-p', 'apps/api'],
} as const;

const made: string[] = [];
afterAll(() => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true });
});

/** A repository with our configuration and, of our code, only the violations. */
function placeViolations(...names: string[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'wcr-gate-'));
  made.push(dir);
  for (const file of CONFIGURATION) cpSync(join(root, file), join(dir, file));
  mkdirSync(join(dir, 'apps'));
  mkdirSync(join(dir, 'packages'));
  writeFileSync(
    join(dir, 'package.json'),
    JSON.stringify({ name: 'gate', private: true, type: 'module', packageManager: 'pnpm@12.21.0' }),
  );
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  for (const name of names) cpSync(join(violations, name), dir, { recursive: true, errorOnExist: true, force: false });
  for (const app of ['api', 'worker']) {
    const tags = join(root, `apps/${app}/turbo.json`);
    if (existsSync(join(dir, `apps/${app}/package.json`))) cpSync(tags, join(dir, `apps/${app}/turbo.json`));
  }
  return dir;
}

function run(gate: keyof typeof GATES, dir: string): { status: number | null; output: string } {
  const [command, ...args] = GATES[gate];
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: dir, encoding: 'utf8', env });
  return { status, output: stdout + stderr };
}

/** Biome looks at one file at a time, so all of them can stand side by side. */
const LINTED: [name: string, file: string, rule: RegExp][] = [
  ['biome-any', 'parse.ts', /noExplicitAny/],
  ['biome-console', 'start.ts', /noConsole/],
  ['biome-default-export', 'one.ts', /noDefaultExport/],
  ['biome-process-env', 'home.ts', /noProcessEnv/],
  ['biome-floating-promise', 'leave.ts', /noFloatingPromises/],
  ['biome-file-name', 'BadName.ts', /useFilenamingConvention/],
  ['biome-global-fetch', 'ask.ts', /noRestrictedGlobals/],
  ['biome-complexity', 'tangle.ts', /noExcessiveCognitiveComplexity/],
  ['biome-long-function', 'list.ts', /noExcessiveLinesPerFunction/],
];

describe('biome', () => {
  let linted: ReturnType<typeof run>;
  beforeAll(() => {
    linted = run('biome', placeViolations(...LINTED.map(([name]) => name)));
  });

  it.each(LINTED)('catches %s', (_name, file, rule) => {
    const complaints = linted.output.split('\n').filter((line) => line.includes(`/${file}`));
    expect(complaints.filter((line) => rule.test(line))).not.toEqual([]);
  });
  it('fails', () => expect(linted.status).not.toBe(0));
});

it.each<[keyof typeof GATES, string, RegExp]>([
  ['depcruise', 'apps-stay-apart', /apps-stay-apart/],
  ['depcruise', 'shared-knows-nobody', /shared-knows-nobody/],
  ['depcruise', 'clients-know-the-api-by-http', /clients-know-the-api-by-http/],
  ['depcruise', 'engine-knows-no-job', /engine-knows-no-job/],
  ['depcruise', 'drivers-know-no-job', /drivers-know-no-job/],
  ['depcruise', 'jobs-know-driver-types-only', /jobs-know-driver-types-only/],
  ['depcruise', 'only-deps-constructs', /only-deps-constructs/],
  ['depcruise', 'no-cycles', /no-cycles/],
  ['depcruise', 'no-tests-in-source', /no-tests-in-source/],
  ['turbo', 'turbo-app-imports-app', /denied|boundar|tag/i],
  ['turbo', 'turbo-undeclared', /zod/],
  ['knip', 'knip-unused-file', /forgotten/],
  ['tsc', 'tsc-unchecked-index', /TS2322/],
])('%s catches %s', (gate, name, complaint) => {
  const { status, output } = run(gate, placeViolations(name));
  expect(output).toMatch(complaint);
  expect(status).not.toBe(0);
});
