import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiClient, createApiClient } from '@wcr/cli/api/api-client';
import { type BaselineTimes, runBaseline } from '../bench/baseline.ts';
import { type BenchSite, startBenchSite } from '../bench/bench-sites.ts';
import { type CloneTimes, runClone } from '../bench/clone-run.ts';
import { type Figure, median, renderFigures } from '../bench/figures.ts';
import { benchLoad } from '../bench/load-run.ts';
import { peakMemory, resetPeakMemory } from '../bench/memory.ts';
import { type CloneEdit, editEverything, editOnePost, type RestoreTimes, runRestore } from '../bench/restore-run.ts';
import { whileHealthy } from '../demo/watch-worker.ts';
import { startSampleSite } from '../sites/sample-site.ts';
import { stackLayout } from '../stack/stack-layout.ts';
import { type Stack, startStack, stopStack } from '../stack/start-stack.ts';

const json = process.argv.includes('--json');
const settingOf = (option: string) =>
  process.argv.find((argument) => argument.startsWith(`${option}=`))?.slice(option.length + 1);
const rounds = Number(settingOf('--rounds') ?? 3);
const only = settingOf('--only')?.split(',');
const say = (line: string): void => console.error(line);
type Bench = (stack: Stack, api: ApiClient) => Promise<Figure[]>;
/** What there is to measure on a stack, each on sites of its own. */
const BENCHES: Readonly<Record<string, Bench>> = {
  small: (stack, api) => benchClone(stack, api, 'small'),
  large: (stack, api) => benchClone(stack, api, 'large'),
  restore: (stack, api) => benchRestore(stack, api),
  memory: async (stack, api) => (process.platform === 'linux' ? benchMemory(stack, api) : []),
};
const isWanted = (name: string): boolean => only === undefined || only.includes(name);
/** A stack of its own, so that nobody's clones are in the way. */
const layout = stackLayout({ ...process.env, WCR_STATE_DIR: join(stackLayout(process.env).state, 'bench') });

// Before the stack is there, whose processes would be in the way.
const load = isWanted('load') ? await benchLoad(rounds, say) : [];
const copies = Object.keys(BENCHES).some(isWanted) ? await benchCopies() : [];
if (json) for (const figure of [...load, ...copies]) console.log(JSON.stringify(figure));
else {
  const baselines = `Baselines: of clones and restores mariadb-dump | mariadb, then tar | tar; of clones taken on queue.add.`;
  console.log(
    `\n${renderFigures([...load, ...copies])}\n\nMedians of ${rounds} rounds, ours and the baseline in turn.\n${baselines}`,
  );
}

async function benchCopies(): Promise<Figure[]> {
  // What an interrupted bench has left would be measured with.
  await endBench();
  const stack = await startStack({ layout, env: process.env, say });
  try {
    const api = createApiClient(stack);
    const figures: Figure[] = [];
    await whileHealthy({ name: 'worker', healthUrl: `http://127.0.0.1:${stack.ports.metrics}/health/live` }, async () => {
      for (const [name, bench] of Object.entries(BENCHES)) if (isWanted(name)) figures.push(...(await bench(stack, api)));
    });
    return figures;
  } finally {
    await endBench();
  }
}

async function endBench(): Promise<void> {
  await stopStack({ layout, say });
  for (const dir of [layout.state, layout.mariaDb, layout.clones]) rmSync(dir, { recursive: true, force: true });
}

async function benchClone({ mariaDb }: Stack, api: ApiClient, size: 'small' | 'large'): Promise<Figure[]> {
  const dir = join(layout.state, 'sites');
  await using site = await startBenchSite(size, { dir, mariaDb });
  // The first clone installs the plugin and warms everything up.
  say(`${size}: first clone ...`);
  const first = await runClone(api, site);
  const runs: { ours: CloneTimes; baseline: BaselineTimes }[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    say(`${size}: round ${round} of ${rounds} ...`);
    runs.push({ baseline: await runBaseline(site, { dir, mariaDb }), ours: await runClone(api, site) });
  }
  return figuresOf(site, first, runs);
}

/** Restores of the large site beside a plain copy of all of it, which is what a restore of everything cannot do without. */
async function benchRestore({ mariaDb }: Stack, api: ApiClient): Promise<Figure[]> {
  const dir = join(layout.state, 'sites');
  await using site = await startBenchSite('large', { dir, mariaDb });
  const repeat = async (what: string, edit: CloneEdit): Promise<Figure[]> => {
    const runs: { ours: RestoreTimes; baseline: BaselineTimes }[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      say(`restore, ${what}: round ${round} of ${rounds} ...`);
      const ours = await runRestore({ api, site, clonesDir: layout.clones }, edit, round);
      runs.push({ baseline: await runBaseline(site, { dir, mariaDb }), ours });
    }
    const baseline = median(runs.map(({ baseline: { databaseMs, filesMs } }) => databaseMs + filesMs));
    const of = (figure: Exclude<keyof RestoreTimes, 'steps'>) => median(runs.map(({ ours }) => ours[figure]));
    return [
      { name: `restore large, ${what}`, value: of('restoreMs'), unit: 'ms', baseline },
      ...stepsOf(runs.map(({ ours }) => ours.steps)),
      { name: '  and back', value: of('rollbackMs'), unit: 'ms', baseline },
      { name: '  closed to visitors', value: of('maintenanceMs'), unit: 'ms' },
      { name: '  bytes moved', value: of('bytesMoved') / 1024, unit: 'KiB' },
    ];
  };
  return [...(await repeat('one post changed', editOnePost)), ...(await repeat('everything changed', editEverything))];
}

function figuresOf(site: BenchSite, first: CloneTimes, runs: readonly { ours: CloneTimes; baseline: BaselineTimes }[]): Figure[] {
  const database = median(runs.map(({ baseline }) => baseline.databaseMs));
  const files = median(runs.map(({ baseline }) => baseline.filesMs));
  const total = median(runs.map(({ ours }) => ours.totalMs));
  const part: Readonly<Record<string, number>> = { 'copy-tables': database, 'copy-files': files };
  const steps = stepsOf(runs.map(({ ours }) => ours.steps)).map((figure) => {
    const baseline = part[figure.name.trim()];
    return baseline === undefined ? figure : { ...figure, baseline };
  });
  return [
    { name: `clone ${site.label}, warm`, value: total, unit: 'ms', baseline: database + files, target: 2 },
    ...steps,
    { name: `clone ${site.label}, first (installs the plugin)`, value: first.totalMs, unit: 'ms', baseline: database + files },
  ];
}

function stepsOf(runs: readonly ReadonlyMap<string, number>[]): Figure[] {
  const names = [...(runs[0]?.keys() ?? [])];
  return names.map((step) => ({
    name: `  ${step}`,
    value: median(runs.map((steps) => steps.get(step) ?? Number.NaN)),
    unit: 'ms',
  }));
}

/** The worker's peak memory while a site with a 2 GB upload is cloned, beside that of the same site with a small one. */
async function benchMemory({ mariaDb, pids }: Stack, api: ApiClient): Promise<Figure[]> {
  const peaks: number[] = [];
  for (const uploadMb of [16, 2048]) {
    say(`memory: a site with an upload of ${uploadMb} MB ...`);
    const options = {
      dir: join(layout.state, 'sites', `upload-${uploadMb}`, 'site'),
      mariaDb,
      uploadMb,
      mediaCount: 2,
      shopRows: 200,
    };
    await using site = await startSampleSite(options);
    await runClone(api, site);
    resetPeakMemory(pids.worker);
    await runClone(api, site);
    peaks.push(peakMemory(pids.worker) / (1 << 20));
  }
  const [small = Number.NaN, large = Number.NaN] = peaks;
  return [{ name: 'worker memory, 2 GB upload over 16 MB', value: large, unit: 'MiB', baseline: small, target: 1.25 }];
}
