import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Recipe, RecipeMount } from './container-recipes.ts';

/**
 * What a pod mounts into a container: a folder of this machine (an emptyDir; `readOnly` for one that others fill), or files
 * by their relative path (a Secret, a ConfigMap, a downward API volume).
 */
export type PodMount =
  | { readonly path: string; readonly folder: string; readonly readOnly?: boolean }
  | { readonly path: string; readonly files: Readonly<Record<string, string>> };

/** Of the machine's file system an image of Debian would bring along what the programs need. */
const SYSTEM = [
  ...['/usr', '/etc/php', '/etc/ssl', '/etc/alternatives', '/etc/mime.types', '/etc/passwd', '/etc/group'],
  ...['/etc/ld.so.cache', '/etc/nsswitch.conf', '/etc/hosts', '/etc/resolv.conf'],
];

/** Places of files that a mount's content is written to, for the container's group to read, as a kubelet does. */
export function placeMounts(mounts: readonly PodMount[], recipe: Recipe, dir: string): (RecipeMount & { mode: 'ro' | 'rw' })[] {
  return mounts.map((mount, index) => {
    if ('folder' in mount) return { path: mount.path, folder: mount.folder, mode: mount.readOnly ? 'ro' : 'rw' };
    const folder = join(dir, `volume-${index}`);
    mkdirSync(folder);
    for (const [name, text] of Object.entries(mount.files)) writeMountedFile(join(folder, name), text, recipe.gid);
    return { path: mount.path, folder, mode: 'ro' };
  });
}

/** Gives emptyDirs to the pod's user: here one folder is one pod's, so ownership is as good as the group's right. */
export function giveFolders(mounts: readonly (RecipeMount & { mode: 'ro' | 'rw' })[], { uid, gid }: Recipe): void {
  const folders = mounts.filter(({ mode }) => mode === 'rw').map(({ folder }) => folder);
  if (folders.length > 0) execFileSync('chown', ['-R', `${uid}:${gid}`, ...folders]);
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

function writeMountedFile(path: string, text: string, gid: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chownSync(path, 0, gid);
  chmodSync(path, 0o440);
}
