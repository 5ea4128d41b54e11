import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
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

const built = new Map<string, Promise<Manifest[]>>();

/** The objects of a folder below deploy/, with further components of deploy/components; built once. */
export function buildManifests(folder: string, components: readonly string[] = []): Promise<Manifest[]> {
  const key = [folder, ...components].join(' ');
  const known = built.get(key) ?? build(folder, components);
  built.set(key, known);
  return known;
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
