import type { RestoreOptions, TargetChange } from '@wcr/shared/contracts/restore';
import { decodeFileBases, FILES_BASE, type FileBase, type FileSum } from '../../base/file-base.ts';
import type { RestoredState } from '../../base/restored-notes.ts';
import { readWhole } from '../../drivers/agent/base-store.ts';
import { hashFiles } from '../../drivers/agent/compare-reads.ts';
import { type IndexEntry, pathForPeople } from '../../drivers/agent/index-codec.ts';
import type { SourceAgent } from '../../drivers/agent/source-agent.ts';
import { noChanges, noteChange, type TargetChanges } from './findings.ts';
import type { RestoreSides } from './restore.types.ts';
import { createRestoreFileRules, type RestoreFileRule } from './restore-file-rules.ts';
import type { SitePair } from './site-pair.ts';

export type FileWork = {
  readonly sides: RestoreSides;
  readonly pair: SitePair;
  readonly options: RestoreOptions;
  readonly restored?: RestoredState | undefined;
};

export type FilePlan = {
  /** Files and links to send, as the clone's index names them. */
  send: IndexEntry[];
  /** Paths that go. */
  remove: string[];
  unchanged: number;
  /** Files of the clone that stay behind because the target's own are kept. */
  kept: number;
  changes: TargetChanges;
};

type Merged = Extract<RestoreFileRule, { action: 'merge' }>;
type Candidate = {
  path: string;
  rule: Merged;
  clone: IndexEntry | undefined;
  target: IndexEntry | undefined;
  base: FileBase | undefined;
};

/**
 * Compares files three ways: by size and time with the base where these are the same, by CRC-32 where only the time is another,
 * and by their contents with each other where both sides changed. Nothing is written.
 */
export async function planFiles(work: FileWork): Promise<FilePlan> {
  const { sides, pair } = work;
  const plan: FilePlan = { send: [], remove: [], unchanged: 0, kept: 0, changes: noChanges() };
  const base = pair.hasBase && sides.base ? await readFileBase(sides.base, work.restored) : undefined;
  const candidates = await readCandidates(work, base, plan);
  const touched = await findTouched(sides, candidates, base !== undefined);
  const decide = createDecision(touched, touchedUnits(candidates, touched), base !== undefined);
  const contested = candidates.filter((file) => decide(file) === 'contested');
  const same = await findSame(sides, contested);
  for (const file of candidates) settle(plan, file, same.has(file.path) ? 'keep' : decide(file));
  return plan;
}

/** Every path that either side has or had, as far as it may travel. */
async function readCandidates(
  { sides, pair, options }: FileWork,
  base: ReadonlyMap<string, FileBase> | undefined,
  plan: FilePlan,
): Promise<Candidate[]> {
  const rule = createRestoreFileRules(pair.folders, options);
  const [clone, target] = await Promise.all([readIndex(sides.clone), readIndex(sides.target)]);
  const candidates: Candidate[] = [];
  for (const path of new Set([...clone.keys(), ...target.keys(), ...(base?.keys() ?? [])])) {
    const decided = rule(path);
    if (decided.action === 'merge')
      candidates.push({ path, rule: decided, clone: clone.get(path), target: target.get(path), base: base?.get(path) });
    else if (clone.has(path)) plan.kept += 1;
  }
  return candidates;
}

function touchedUnits(candidates: readonly Candidate[], touched: Touched): Set<string> {
  const units = candidates.filter((file) => touched.clone.has(file.path)).map(({ rule: { unit } }) => unit);
  return new Set(units.filter((unit) => unit !== undefined));
}

type Touched = { clone: ReadonlySet<string>; target: ReadonlySet<string> };
type Decision = 'keep' | 'take' | 'contested';

/** Who changed a file since the clone was made. Without a base everything that differs counts as changed by both. */
async function findTouched(sides: RestoreSides, candidates: readonly Candidate[], hasBase: boolean): Promise<Touched> {
  if (!hasBase) {
    const all = new Set(candidates.map(({ path }) => path));
    return { clone: all, target: all };
  }
  return {
    clone: await touchedOn(sides.clone, candidates, (file) => ({
      entry: file.clone,
      sum: file.base?.written,
      mtime: file.base?.mtime,
    })),
    target: await touchedOn(sides.target, candidates, (file) => ({
      entry: file.target,
      sum: file.base?.source,
      mtime: file.base?.mtime,
    })),
  };
}

type Side = { entry: IndexEntry | undefined; sum: FileSum | undefined; mtime: number | undefined };

async function touchedOn(
  agent: SourceAgent,
  candidates: readonly Candidate[],
  sideOf: (file: Candidate) => Side,
): Promise<Set<string>> {
  const states = candidates.map((file) => ({ path: file.path, side: sideOf(file) }));
  const touched = new Set(states.filter(({ side }) => isSurelyTouched(side)).map(({ path }) => path));
  // What only has another time may have been written again as it was.
  const doubtful = states.filter(({ path, side }) => !touched.has(path) && side.entry?.mtime !== side.mtime);
  const paths = doubtful.map(({ path }) => path);
  const hashes = await hashFiles(agent, paths, { algorithm: 'crc32b' });
  for (const { path, side } of doubtful)
    if (side.sum !== undefined && hashes.get(path) !== side.sum.crc32.toString(16).padStart(8, '0')) touched.add(path);
  return touched;
}

/** Links carry no sum; they are compared with each other later. */
function isSurelyTouched({ entry, sum }: Side): boolean {
  if (entry === undefined || sum === undefined) return entry !== sum;
  return entry.kind !== 'f' || entry.size !== sum.size;
}

/** A unit that the clone changed anywhere becomes the clone's as a whole. */
function createDecision(touched: Touched, units: ReadonlySet<string>, hasBase: boolean): (file: Candidate) => Decision {
  const isWanted = ({ path, rule }: Candidate) =>
    touched.clone.has(path) || (rule.unit !== undefined && units.has(rule.unit) && touched.target.has(path));
  // Without a base nobody knows whether a file was removed there or made here.
  const mayGo = ({ rule, target }: Candidate) => target !== undefined && rule.removes && hasBase;
  return (file) => {
    if (!isWanted(file) || (file.clone === undefined && !mayGo(file))) return 'keep';
    return touched.target.has(file.path) && file.target !== undefined ? 'contested' : 'take';
  };
}

/** Of files that both sides changed: those that are alike now. */
async function findSame(sides: RestoreSides, contested: readonly Candidate[]): Promise<Set<string>> {
  const alike = contested.filter(({ clone, target }) => isAlike(clone, target));
  const links = alike.filter(({ clone }) => clone?.kind === 'l').map(({ path }) => path);
  const paths = alike.filter(({ clone }) => clone?.kind === 'f').map(({ path }) => path);
  if (paths.length === 0) return new Set(links);
  const [clone, target] = await Promise.all([
    hashFiles(sides.clone, paths, { algorithm: 'md5' }),
    hashFiles(sides.target, paths, { algorithm: 'md5' }),
  ]);
  return new Set([...links, ...paths.filter((path) => clone.get(path) !== undefined && clone.get(path) === target.get(path))]);
}

function isAlike(clone: IndexEntry | undefined, target: IndexEntry | undefined): boolean {
  return clone !== undefined && clone.kind === target?.kind && clone.size === target.size && clone.target === target.target;
}

function settle(plan: FilePlan, file: Candidate, decision: Decision): void {
  const { path, clone } = file;
  if (decision === 'keep') {
    if (clone !== undefined) plan.unchanged += 1;
    return;
  }
  if (decision === 'contested') {
    const change: TargetChange = { kind: 'file', what: pathForPeople(path), change: file.base ? 'changed' : 'new', lost: true };
    noteChange(plan.changes, change, false);
  }
  if (clone === undefined) plan.remove.push(path);
  else plan.send.push(clone);
}

/** Files and links by path. Folders are made as files need them. */
async function readIndex(agent: SourceAgent): Promise<Map<string, IndexEntry>> {
  const entries = new Map<string, IndexEntry>();
  for await (const page of agent.index())
    for (const entry of page.entries) if (entry.kind !== 'd') entries.set(entry.path, entry);
  return entries;
}

/** The base, and over it what earlier restores have left. */
async function readFileBase(
  store: NonNullable<RestoreSides['base']>,
  restored: RestoredState | undefined,
): Promise<Map<string, FileBase> | undefined> {
  const data = await readWhole(store, FILES_BASE);
  const base = data && decodeFileBases(data);
  for (const [path, file] of restored?.files ?? []) {
    if (file === undefined) base?.delete(path);
    else base?.set(path, file);
  }
  return base;
}
