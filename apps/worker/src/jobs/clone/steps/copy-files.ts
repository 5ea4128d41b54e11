import { FileRecorder } from '../../../base/file-recorder.ts';
import type { BaseStore } from '../../../drivers/agent/base-store.ts';
import { pathForPeople } from '../../../drivers/agent/index-codec.ts';
import { prefetch } from '../../../drivers/agent/prefetch.ts';
import type { SourceAgent } from '../../../drivers/agent/source-agent.ts';
import type { BeginAnswer } from '../../../drivers/agent/target-agent.ts';
import type { FileSink } from '../../../drivers/runtime/file-sink.types.ts';
import type { StepContext } from '../../../engine/engine.types.ts';
import type { Rewriter } from '../../../rewriter/rewriter.types.ts';
import { copyEntries } from '../file-copier.ts';
import { createHtaccessAdapter, FileRewriting } from '../file-rewriting.ts';
import { createFileRules } from '../file-rules.ts';
import type { CopyPlan } from './plan-copy.ts';

export type CopiedFiles = { files: number; bytes: number; replacements: number; warnings: string[] };
type Sides = { source: SourceAgent; sink: FileSink; base: BaseStore; begun: BeginAnswer };
type Options = { plan: CopyPlan; cloneUrl: string; rewriter: Rewriter; excludePaths: readonly string[] };
type Saved = { next: string; baseOffset: number; files: number; bytes: number; replacements: number; warnings: string[] };

/** Copies every file, folder and link of the site, index page by index page; goes on after the last finished page. */
export async function copyFiles(sides: Sides, options: Options, step: StepContext): Promise<CopiedFiles> {
  const { plan } = options;
  const saved = (await step.scratch.read()) as Saved | undefined;
  const result: CopiedFiles = { files: 0, bytes: 0, replacements: 0, warnings: [], ...saved };
  const warn = (message: string) => {
    step.log(message);
    result.warnings.push(message);
  };
  const rewriting = new FileRewriting(options.rewriter, createHtaccessAdapter(plan.home, options.cloneUrl));
  const onProgress = ({ files, bytes }: { files: number; bytes: number }) => {
    result.files += files;
    result.bytes += bytes;
    step.report({ done: result.files, total: plan.files, bytes: result.bytes, totalBytes: plan.fileBytes });
  };
  const rule = createFileRules({ content: plan.content, excludePaths: options.excludePaths });
  const recorder = new FileRecorder(sides.base, saved?.baseOffset ?? 0);
  const copySides = { ...sides, maxRequestBytes: sides.begun.maxRequestBytes, rule, rewriting, recorder, onProgress, warn };
  for await (const page of prefetch(sides.source.index(saved?.next ?? null), { items: 2 })) {
    for (const { path, reason } of page.skipped) warn(`${pathForPeople(path)} was not copied: ${reason}`);
    await copyEntries(copySides, page.entries);
    const baseOffset = await recorder.endPage();
    if (page.next !== null) await step.scratch.write({ ...summary(result, rewriting, saved), next: page.next, baseOffset });
  }
  for (const path of rewriting.tooLarge)
    warn(`${pathForPeople(path)} names the source’s address and is too large to be rewritten`);
  const total = summary(result, rewriting, saved);
  step.log(`${total.files} files, ${total.bytes} bytes, ${total.replacements} addresses replaced`);
  return total;
}

function summary(result: CopiedFiles, rewriting: FileRewriting, saved: Saved | undefined): CopiedFiles {
  const { files, bytes, warnings } = result;
  return { files, bytes, warnings: warnings.slice(0, 200), replacements: (saved?.replacements ?? 0) + rewriting.replacements };
}
