import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AppError } from '@wcr/shared/errors/app-error';
import type { FileBase, FileSum } from '../../../base/file-base.ts';
import { RestoredNotes } from '../../../base/restored-notes.ts';
import { createAgentFileSink } from '../../../drivers/agent/agent-file-sink.ts';
import { hashFiles } from '../../../drivers/agent/compare-reads.ts';
import { pathForPeople } from '../../../drivers/agent/index-codec.ts';
import type { BeginAnswer } from '../../../drivers/agent/target-agent.ts';
import type { StepContext } from '../../../engine/engine.types.ts';
import type { Rewriter } from '../../../rewriter/rewriter.types.ts';
import { copyEntries, type FileWatch } from '../../clone/file-copier.ts';
import { FileRewriting } from '../../clone/file-rewriting.ts';
import { refuseLosses, type TargetChanges } from '../findings.ts';
import { type FileWork, planFiles } from '../restore-files.ts';

export type StagedFiles = {
  sent: number;
  removed: number;
  unchanged: number;
  kept: number;
  bytes: number;
  replacements: number;
  changes: TargetChanges;
  warnings: string[];
  /** MD5 over the hashes of everything sent: what the live files must add up to after the commit. Empty when nothing was. */
  checksum: string;
  paths: string[];
};

/** Paths whose hashes are compared after the commit; more would make the checkpoint large. */
const MAX_CHECKED_PATHS = 2_000;
const ENTRIES_AT_ONCE = 500;

/**
 * Compares again and sends what differs into staging. Running it again sends it again.
 * @throws AppError `restore.target_changed`, `target.not_writable`, `target.disk_full`
 */
export async function stageFiles(
  work: FileWork & { rewriter: Rewriter },
  begun: BeginAnswer,
  step: StepContext,
): Promise<StagedFiles> {
  const { sides, options } = work;
  await sides.writer.resetFiles();
  const plan = await planFiles(work);
  refuseLosses(plan.changes, options);
  const rewriting = new FileRewriting(work.rewriter, (text) => text);
  const hashes = new SentHashes();
  const result: StagedFiles = {
    ...{ sent: plan.send.length, removed: plan.remove.length, unchanged: plan.unchanged, kept: plan.kept },
    ...{ bytes: 0, replacements: 0, changes: plan.changes, warnings: [], checksum: '', paths: [] },
  };
  const copySides = {
    source: sides.clone,
    sink: createAgentFileSink(sides.writer),
    maxRequestBytes: begun.maxRequestBytes,
    rule: (path: string) => ({ action: 'copy', as: path }) as const,
    rewriting,
    recorder: hashes,
    onProgress: ({ bytes }: { bytes: number }) => {
      result.bytes += bytes;
      step.report({ bytes: result.bytes, total: plan.send.length });
    },
    warn: (message: string) => {
      step.log(message);
      result.warnings.push(message);
    },
  };
  for (let at = 0; at < plan.send.length; at += ENTRIES_AT_ONCE)
    await copyEntries(copySides, plan.send.slice(at, at + ENTRIES_AT_ONCE));
  for (const path of rewriting.tooLarge)
    copySides.warn(`${pathForPeople(path)} names the clone’s address and is too large to be rewritten`);
  if (plan.remove.length > 0) await sides.writer.removeFiles(plan.remove);
  await noteFiles(work, hashes.bases(), plan.remove);
  result.replacements = rewriting.replacements;
  if (options.verifyIntegrity) await checkStaged(work, hashes.all());
  result.paths = [...hashes.all().keys()].slice(0, MAX_CHECKED_PATHS);
  result.checksum = checksumOf(result.paths.map((path) => [path, hashes.all().get(path)]));
  step.log(`${result.sent} files are staged, ${result.removed} will be removed, ${result.bytes} bytes`);
  return result;
}

/** One hash over many files, independent of when they were read. */
export function checksumOf(hashes: Iterable<readonly [string, string | undefined]>): string {
  const whole = createHash('md5');
  for (const [path, hash] of hashes) whole.update(`${path}\0${hash ?? 'missing'}\n`);
  return whole.digest('hex');
}

async function checkStaged({ sides }: FileWork, sent: ReadonlyMap<string, string>): Promise<void> {
  const paths = [...sent.keys()];
  if (paths.length === 0) return;
  const staged = await hashFiles(sides.target, paths, { algorithm: 'md5', session: sides.session });
  const wrong = paths.find((path) => staged.get(path) !== sent.get(path));
  if (wrong !== undefined)
    throw new AppError('target.not_writable', { path: `${pathForPeople(wrong)} (it does not hold what was sent)` });
}

async function noteFiles({ sides, pair }: FileWork, sent: readonly FileBase[], removed: readonly string[]): Promise<void> {
  const notes = new RestoredNotes(pair.hasBase ? sides.base : undefined, sides.session, 'files');
  for (const file of sent) await notes.addFile(file.path, file);
  for (const path of removed) await notes.addFile(path, undefined);
  await notes.flush();
}

/** The MD5 of every file as it was sent, and what a later restore must know of it. */
class SentHashes implements FileWatch {
  readonly #open = new Map<string, Hash>();
  readonly #done = new Map<string, string>();
  readonly #bases = new Map<string, FileBase>();

  read({ path, offset, mtime, data }: Parameters<FileWatch['read']>[0]): void {
    if (offset === 0) {
      this.#open.set(path, createHash('md5'));
      this.#bases.set(path, { path, mtime, source: NOTHING, written: NOTHING });
    }
    this.#note(path, ({ written, ...file }) => ({ ...file, written: sumWith(written, data) }));
  }

  written(path: string, data: Buffer): void {
    this.#open.get(path)?.update(data);
    this.#note(path, ({ source, ...file }) => ({ ...file, source: sumWith(source, data) }));
  }

  /** `source` is the target's, `written` the clone's. */
  bases(): FileBase[] {
    return [...this.#bases.values()];
  }

  #note(path: string, change: (file: FileBase) => FileBase): void {
    const file = this.#bases.get(path);
    if (file) this.#bases.set(path, change(file));
  }

  all(): ReadonlyMap<string, string> {
    for (const [path, hash] of this.#open) this.#done.set(path, hash.digest('hex'));
    this.#open.clear();
    return this.#done;
  }
}

const NOTHING: FileSum = { size: 0, crc32: 0 };

function sumWith(sum: FileSum, data: Buffer): FileSum {
  return { size: sum.size + data.length, crc32: crc32(data, sum.crc32) };
}
