import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../services/run.ts';

/** One check of `./dev test`. */
export type Stage = {
  readonly name: string;
  /** A shell-less command; a function when it must look around first. Nothing to do is `undefined`. */
  readonly command: (context: StageContext) => Promise<readonly string[] | undefined> | readonly string[] | undefined;
  /** Where a test runner reports, if it is one. */
  readonly report?: (context: StageContext) => string;
};

export type StageContext = {
  readonly root: string;
  /** Folder for reports. */
  readonly reports: string;
  /** Parts of paths of test files; all when empty. */
  readonly patterns: readonly string[];
  /** Told when a stage begins and ends. */
  readonly say: (line: string) => void;
  /** Where the output of the commands goes. */
  readonly output: 'inherit' | 'ignore';
};

const VIOLATIONS = 'test/gates/violations/';

/** All checks in their order: cheap ones first. */
export const STAGES: readonly Stage[] = [
  { name: 'lint', command: () => ['pnpm', 'exec', 'biome', 'ci', '.'] },
  // All at once: package by package, what they share would be read seven times.
  { name: 'types', command: () => ['pnpm', 'exec', 'tsc', '-p', '.'] },
  { name: 'boundaries', command: () => ['pnpm', 'exec', 'turbo', 'boundaries'] },
  { name: 'architecture', command: () => ['pnpm', 'run', '--silent', 'depcruise'] },
  { name: 'dead-code', command: () => ['pnpm', 'run', '--silent', 'knip'] },
  { name: 'shell', command: shellcheckCommand },
  { name: 'php-syntax', command: phpSyntaxCommand },
  { name: 'php-unit', command: phpUnitCommand, report: ({ reports }) => join(reports, 'php-unit.xml') },
  vitestStage('unit'),
  vitestStage('int'),
  vitestStage('e2e'),
];

function vitestStage(project: string): Stage {
  const report = ({ reports }: StageContext): string => join(reports, `${project}.json`);
  return {
    name: project,
    report,
    command: (context) => [
      ...['pnpm', 'exec', 'vitest', 'run', '--project', project, '--reporter=default', '--reporter=json'],
      ...[
        `--outputFile.json=${report(context)}`,
        ...(context.patterns.length > 0 ? ['--passWithNoTests'] : []),
        ...context.patterns,
      ],
    ],
  };
}

async function shellcheckCommand({ root }: StageContext): Promise<readonly string[]> {
  const files = (await listFiles(root)).filter((file) => file.endsWith('.sh') || hasShellLine(join(root, file)));
  return ['shellcheck', ...files];
}

/** Without its extensions PHP starts in a third of the time; opcache is what compiles a file without running it. */
async function phpSyntaxCommand({ root }: StageContext): Promise<readonly string[]> {
  const files = (await listFiles(root)).filter((file) => file.endsWith('.php'));
  const script = join(import.meta.dirname, '../php/compile-files.php');
  return ['php', '-n', '-d', 'zend_extension=opcache', '-d', 'opcache.enable_cli=1', script, ...files];
}

/** By its configuration where there is one, otherwise all tests of the folder. */
function phpUnitCommand({ root, reports }: StageContext): readonly string[] | undefined {
  const plugin = join(root, 'apps/plugin');
  const config = ['phpunit.xml', 'phpunit.xml.dist'].map((name) => join(plugin, name)).find((file) => existsSync(file));
  const tests = ['Unit', 'unit'].map((name) => join(plugin, 'tests', name)).find((folder) => existsSync(folder));
  const bootstrap = join(plugin, 'tests/bootstrap.php');
  const log = ['--log-junit', join(reports, 'php-unit.xml')];
  if (config) return ['phpunit', '-c', config, ...log];
  if (!tests) return undefined;
  return ['phpunit', ...(existsSync(bootstrap) ? ['--bootstrap', bootstrap] : []), ...log, tests];
}

async function listFiles(root: string): Promise<string[]> {
  const output = await runCommand('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root }).catch(
    // An unpacked archive is no work tree.
    () => runCommand('sh', ['-c', `find * .ci -name node_modules -prune -o -type f -print0`], { cwd: root }),
  );
  return output.split('\0').filter((file) => file !== '' && !file.startsWith(VIOLATIONS) && existsSync(join(root, file)));
}

function hasShellLine(file: string): boolean {
  if (/\.[a-z]+$/i.test(file)) return false;
  return /^#!.*\b(ba|da)?sh\b/.test(readFileSync(file, 'utf8').split('\n', 1)[0] ?? '');
}
