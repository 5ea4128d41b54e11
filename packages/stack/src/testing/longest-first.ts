import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that run for minutes, the longest first; to be changed when the report of a run says otherwise. Those that kill workers wait for
 * locks half of the time: they do not begin together, so that there is always one that uses what the other leaves of the machine.
 */
const LONG = [
  'kill-restore.e2e',
  'sources.e2e',
  'failures.e2e',
  'kill-worker.e2e',
  'kubernetes-jobs.e2e',
  'survival.e2e',
  'plugin-page.e2e',
  'restore-flow.e2e',
  'commands.e2e',
  'web-page.e2e',
  'restore-failures.e2e',
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
