import type { SiteFacts } from '@wcr/shared/contracts/agent-facts';
import { AppError } from '@wcr/shared/errors/app-error';
import type { SourceAgent } from '../../../drivers/agent/source-agent.ts';
import type { StepContext } from '../../../engine/engine.types.ts';
import type { RewriteMap } from '../../../rewriter/rewriter.types.ts';
import { relativeTo, trimSlash } from '../../site-paths.ts';
import { createFileRules, type FileRule } from '../file-rules.ts';

/** What the later steps need to know of the source; small and without secrets. */
export type CopyPlan = {
  home: string;
  root: string;
  /** Folders relative to the root, without slashes at the ends. */
  content: string;
  muPlugins: string;
  prefix: string;
  charset: string;
  collation: string;
  wordpressVersion: string;
  phpVersion: string;
  activePlugins: string[];
  constants: SiteFacts['wordpress']['constants'];
  databaseBytes: number;
  /** How many files will be copied and how long they are together, as of now. */
  files: number;
  fileBytes: number;
  warnings: string[];
};

/** Reads the site's facts and refuses early what cannot be copied faithfully. Nothing has been made by then. */
export async function planCopy(source: SourceAgent, excludePaths: readonly string[], step: StepContext): Promise<CopyPlan> {
  const facts = await source.facts();
  refuseUnsupported(facts);
  const { wordpress, paths, database } = facts;
  step.log(
    `WordPress ${wordpress.version}, PHP ${facts.php.version}, ${database.flavour} ${database.version}, prefix ${database.prefix}`,
  );
  const skipped = wordpress.constantsSkipped.map((name) => `wp-config.php: ${name} was not carried over`);
  for (const warning of skipped) step.log(warning);
  const content = relativeTo(paths.root, paths.content);
  const measured = await measureFiles(source, createFileRules({ content, excludePaths }), step);
  step.log(`${measured.files} files with ${measured.fileBytes} bytes, a database of ${database.sizeBytes} bytes`);
  return {
    home: trimSlash(wordpress.home),
    root: trimSlash(paths.root),
    content,
    muPlugins: relativeTo(paths.root, paths.muPlugins),
    prefix: database.prefix,
    charset: database.charset || 'utf8mb4',
    collation: database.collation,
    wordpressVersion: wordpress.version,
    phpVersion: facts.php.version,
    activePlugins: wordpress.activePlugins,
    constants: wordpress.constants,
    databaseBytes: database.sizeBytes,
    ...measured,
    warnings: skipped,
  };
}

/** The addresses and paths that differ between source and clone. */
export function rewriteMapOf(plan: Pick<CopyPlan, 'home' | 'root'>, clone: { url: string; rootPath: string }): RewriteMap {
  const urls = [plan.home, ...wwwVariant(plan.home)].map((from) => ({ from, to: clone.url }));
  return { urls, paths: [{ from: plan.root, to: trimSlash(clone.rootPath) }] };
}

/** Goes through the whole index once: a target without room is refused before a byte is copied, and progress has a total. */
async function measureFiles(
  source: SourceAgent,
  rule: (path: string) => FileRule,
  step: StepContext,
): Promise<{ files: number; fileBytes: number }> {
  const measured = { files: 0, fileBytes: 0 };
  for await (const { entries } of source.index()) {
    const copied = entries.filter((entry) => entry.kind === 'f' && rule(entry.path).action !== 'skip');
    measured.files += copied.length;
    measured.fileBytes += copied.reduce((total, entry) => total + entry.size, 0);
    step.report({ done: measured.files, message: 'counting files' });
  }
  return measured;
}

function refuseUnsupported(facts: SiteFacts): void {
  if (facts.wordpress.multisite) throw new AppError('source.multisite_unsupported');
  const outside = facts.paths.outsideRoot[0];
  if (outside !== undefined) throw new AppError('source.layout_unsupported', { what: outside });
  if (withoutScheme(facts.wordpress.home) !== withoutScheme(facts.wordpress.siteUrl)) {
    throw new AppError('source.layout_unsupported', { what: 'its front page (home and siteurl differ)' });
  }
}

/** Content often names the site with and without `www.`; both are the same site. Not for addresses and single names. */
function wwwVariant(home: string): string[] {
  const url = new URL(home);
  if (!/[a-z]/i.test(url.hostname) || !url.hostname.includes('.')) return [];
  const other = url.hostname.startsWith('www.') ? url.hostname.slice(4) : `www.${url.hostname}`;
  return other.includes('.') ? [home.replace(url.hostname, other)] : [];
}

function withoutScheme(address: string): string {
  return trimSlash(address)
    .replace(/^https?:/i, '')
    .toLowerCase();
}
