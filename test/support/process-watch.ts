import { readdirSync, readFileSync } from 'node:fs';

const EVERY_MS = 50;

export type ProcessWatch = Disposable & {
  /** What the programs and everything they started were called with. */
  readonly commandLines: Set<string>;
  /** The environments of what the programs started; their own hold what they were told. */
  readonly environments: Set<string>;
};

/** Looks again and again at the processes below some programs. What lives for less than a moment may be missed. */
export function watchProcesses(programs: readonly number[]): ProcessWatch {
  const commandLines = new Set<string>();
  const environments = new Set<string>();
  const look = (): void => {
    for (const [pid, parent] of descendantsOf(programs)) {
      const commandLine = readOf(pid, 'cmdline');
      commandLines.add(commandLine);
      // Between its fork and its exec a child is still its parent, with all that this was told.
      const isItself = parent !== undefined && commandLine !== readOf(parent, 'cmdline');
      if (isItself && !programs.includes(pid)) environments.add(readOf(pid, 'environ'));
    }
  };
  const timer = setInterval(look, EVERY_MS);
  return { commandLines, environments, [Symbol.dispose]: () => clearInterval(timer) };
}

/** The programs themselves, and whatever they or their children started, each with its parent. */
function descendantsOf(programs: readonly number[]): [number, number | undefined][] {
  const found = new Map<number, number | undefined>(programs.map((pid) => [pid, undefined]));
  // A map also goes through what is added meanwhile.
  for (const [pid] of found) {
    for (const child of childrenOf(pid)) if (!found.has(child)) found.set(child, pid);
  }
  return [...found];
}

/** Of every thread, since any of them may start something. */
function childrenOf(pid: number): number[] {
  return tasksOf(pid).flatMap((task) => readOf(pid, `task/${task}/children`).split(' ').filter(Boolean).map(Number));
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function readOf(pid: number, what: string): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
