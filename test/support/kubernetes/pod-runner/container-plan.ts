import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Recipe, RecipeMount } from './container-recipes.ts';

/** Contents by relative path. */
export type MountedFiles = Readonly<Record<string, string | Uint8Array>>;

/**
 * What a pod mounts into a container: a folder of this machine (an emptyDir; `readOnly` for one that others fill), or files
 * by their relative path (a Secret, a ConfigMap, a downward API volume).
 */
export type PodMount =
  | { readonly path: string; readonly folder: string; readonly readOnly?: boolean }
  | { readonly path: string; readonly files: MountedFiles };

/** Of the machine's file system an image of Debian would bring along what the programs need. */
const SYSTEM = [
  ...['/usr', '/etc/php', '/etc/ssl', '/etc/alternatives', '/etc/mime.types', '/etc/passwd', '/etc/group'],
  ...['/etc/ld.so.cache', '/etc/nsswitch.conf', '/etc/hosts', '/etc/resolv.conf'],
];

/** Where the content of each mount lies; files are written to `dir`, for the pod's group to read, as a kubelet does. */
export function placeMounts(mounts: readonly PodMount[], fsGroup: number, dir: string): (RecipeMount & { mode: 'ro' | 'rw' })[] {
  return mounts.map((mount, index) => {
    if ('folder' in mount) return { path: mount.path, folder: mount.folder, mode: mount.readOnly ? 'ro' : 'rw' };
    const folder = join(dir, `volume-${index}`);
    mkdirSync(folder);
    for (const [name, content] of Object.entries(mount.files)) writeMountedFile(join(folder, name), content, fsGroup);
    return { path: mount.path, folder, mode: 'ro' };
  });
}

/** Opens emptyDirs for everybody and gives them to the pod's group, as a kubelet does. */
export function openFolders(mounts: readonly (RecipeMount & { mode: 'ro' | 'rw' })[], fsGroup: number): void {
  for (const { folder, mode } of mounts) {
    if (mode === 'ro') continue;
    chownSync(folder, 0, fsGroup);
    chmodSync(folder, 0o2777);
  }
}

/** The mounts of a container's file system, parents first; see enter-container.sh. */
export function renderPlan(recipe: Recipe, mounts: readonly (RecipeMount & { mode: 'ro' | 'rw' })[]): string {
  const taken = new Set(mounts.map(({ path }) => path));
  const lines: (readonly [string, string, string])[] = [
    ...SYSTEM.map((path) => ['ro', path, path] as const),
    ...recipe.files.map(({ source, target }) => ['ro', source, target] as const),
    ...recipe.scratch.filter((path) => !taken.has(path)).map((path) => ['tmp', '-', path] as const),
    ...mounts.map(({ path, folder, mode }) => [mode, folder, path] as const),
  ];
  return lines.map((line) => `${line.join('\t')}\n`).join('');
}

function writeMountedFile(path: string, content: string | Uint8Array, gid: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  chownSync(path, 0, gid);
  chmodSync(path, 0o440);
}
