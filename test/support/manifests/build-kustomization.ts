import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { Manifest } from './manifest.ts';

export const deployFolder = resolve(import.meta.dirname, '../../../deploy');
const run = promisify(execFile);

/** True when `kubectl` with its built-in kustomize is there. */
export const hasKubectl = spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0;

/**
 * Whether tests that build manifests are left out: only on a machine of a contributor, never where changes are decided on.
 * @throws Error in CI, when there is no kubectl
 */
export function skipsWithoutKubectl(): boolean {
  if (hasKubectl) return false;
  const reason = 'kubectl is not in PATH (Debian: apt install kubernetes-client; or https://kubernetes.io/docs/tasks/tools/)';
  if (process.env['CI']) throw new Error(`The manifests cannot be checked: ${reason}.`);
  process.stderr.write(`The manifests of deploy/ are not checked: ${reason}.\n`);
  return true;
}

/** For suites that build manifests: kubectl takes its time on a busy machine. */
export const BUILDING = { timeout: 120_000 };

const built = new Map<string, Promise<Manifest[]>>();

/** The objects of a folder below deploy/, with further components of deploy/components. Built once, whichever test file asks. */
export function buildManifests(folder: string, components: readonly string[] = []): Promise<Manifest[]> {
  const key = [folder, ...components].join(' ');
  const known = built.get(key) ?? buildOrRecall(folder, components);
  built.set(key, known);
  return known;
}

async function buildOrRecall(folder: string, components: readonly string[]): Promise<Manifest[]> {
  const kept = join(keepFolder, `${[folder.replaceAll('/', '-'), ...components].join('+')}.json`);
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8')) as Manifest[];
  const manifests = await build(folder, components);
  mkdirSync(keepFolder, { recursive: true });
  // Another test file may read it at this moment.
  const draft = `${kept}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(manifests));
  renameSync(draft, kept);
  return manifests;
}

/** Where builds are kept: a folder named by all that deploy/ holds, so that a change makes them anew. */
const keepFolder = join(import.meta.dirname, '../../node_modules/.cache/wcr-manifests', digestOf(deployFolder));

function digestOf(folder: string): string {
  const hash = createHash('sha256');
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    hash.update(`${path}\0`);
    if (statSync(join(folder, path)).isFile()) hash.update(readFileSync(join(folder, path)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function build(folder: string, components: readonly string[]): Promise<Manifest[]> {
  // kustomize takes folders by relative path only, and those without symbolic links.
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'wcr-kustomize-')));
  try {
    const from = (path: string) => relative(dir, join(deployFolder, path));
    writeFileSync(
      join(dir, 'kustomization.yaml'),
      JSON.stringify({
        apiVersion: 'kustomize.config.k8s.io/v1beta1',
        kind: 'Kustomization',
        resources: folder === '' ? [] : [from(folder)],
        components: components.map((name) => from(`components/${name}`)),
      }),
    );
    const { stdout } = await run('kubectl', ['kustomize', dir], { maxBuffer: 16 * 1024 * 1024 });
    return parseManifests(stdout);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Every object of a YAML text. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}
