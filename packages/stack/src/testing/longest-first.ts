import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that run for a minute or more, the longest first; to be changed when the report of a run says otherwise. */
const LONG = [
  'kill-worker.e2e',
  'sources.e2e',
  'kubernetes-jobs.e2e',
  'kill-restore.e2e',
  'failures.e2e',
  'survival.e2e',
  'restore-failures.e2e',
  'restore-flow.e2e',
  'documents.e2e',
  'web-page.e2e',
  'plugin-page.e2e',
  'restore-guard.e2e',
  'cli.e2e',
  'restore-verify.e2e',
  'commands.e2e',
  'browser.driver.int',
  'kubernetes-runtime.int',
  'transports.int',
  'warm-runtime.int',
  'write-commit.int',
  'crash.int',
];

/** Vitest begins with the largest files on a machine it hasn't measured; a long one that begins last keeps all others waiting. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.includes(`/${name}.`));
      return at === -1 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}
