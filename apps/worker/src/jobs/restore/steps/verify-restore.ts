import type { RestoreOptions } from '@wcr/shared/contracts/restore';
import { AppError } from '@wcr/shared/errors/app-error';
import { hashFiles, readInventory } from '../../../drivers/agent/compare-reads.ts';
import type { StepContext } from '../../../engine/engine.types.ts';
import type { RestoreDeps, RestoreSides } from '../restore.types.ts';
import { type SiteState, visitPages, worseThan } from '../site-check.ts';
import { checksumOf, type StagedFiles } from './stage-files.ts';

type Sides = Pick<RestoreSides, 'target' | 'writer'>;
type Known = { home: string; before: SiteState; files: StagedFiles; options: RestoreOptions };

const COMMITTED = new Set(['committed', 'kept']);

/**
 * Visits the restored site as people do and compares what it holds with what was sent. What is wrong brings the site back to
 * what it was.
 * @throws AppError `restore.verify_failed` after it was rolled back
 */
export async function verifyRestore(
  deps: RestoreDeps,
  sides: Sides,
  known: Known,
  step: StepContext,
): Promise<{ warnings: string[] }> {
  const { phase } = await sides.writer.state();
  // An earlier attempt rolled back and died before it could say so.
  if (!COMMITTED.has(phase)) throw new AppError('restore.verify_failed', { reason: 'see the log of the earlier attempt' });
  const { problems, warnings } = await findProblems(deps, sides, known, step);
  for (const line of [...problems, ...warnings]) step.log(line);
  if (problems.length === 0) return { warnings };
  await sides.writer.rollback();
  step.log('rolled back: the site is as it was before');
  throw new AppError('restore.verify_failed', { reason: problems.join('; ') });
}

async function findProblems(deps: RestoreDeps, sides: Sides, known: Known, step: StepContext) {
  // Before anything is visited: plugins write files of their own anew when a page is asked for.
  const problems = await differingFiles(sides, known);
  problems.push(...worseThan(known.before, await visitPages(deps, known.home, step)));
  const { plugins, themes } = await readInventory(sides.target);
  const warnings = plugins.some(({ active }) => active) ? [] : ['no plugin is active'];
  if (!themes.some(({ active }) => active)) problems.push('the active theme is not there');
  return { problems, warnings };
}

async function differingFiles({ target }: Sides, { files, options }: Known): Promise<string[]> {
  if (!options.verifyIntegrity || files.paths.length === 0) return [];
  const hashes = await hashFiles(target, files.paths, { algorithm: 'md5' });
  const checksum = checksumOf(files.paths.map((path) => [path, hashes.get(path)]));
  return checksum === files.checksum ? [] : ['files are not those that were sent'];
}
