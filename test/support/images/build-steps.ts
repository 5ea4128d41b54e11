import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand } from '@wcr/stack/services/run';
import type { Instruction } from 'dockerfile-ast';
import { filesOf, type Image, isContextCopy, stageOf } from './read-image.ts';

/**
 * Does in a folder what a stage does in the image: copies what it copies, and runs those of its commands that begin with
 * `command`, with further arguments.
 */
export async function buildStage(image: Image, stage: string, at: { root: string; command: string; extra: readonly string[] }) {
  for (const step of stageOf(image, stage)) {
    if (isContextCopy(step)) copyFiles(step, at.root);
    if (!isRunOf(step, at.command)) continue;
    const [command = '', ...args] = (step.getArgumentsContent() ?? '').split(/\s+/);
    await runCommand(command, [...args, ...at.extra], { cwd: join(at.root, workdirOf(image, stage)) });
  }
}

function copyFiles(step: Instruction, root: string): void {
  for (const { source, target } of filesOf(step)) {
    mkdirSync(dirname(join(root, target)), { recursive: true });
    // Hidden folders and installed packages are left out of every build.
    const filter = (path: string): boolean => !/\/(node_modules|\.turbo)$/.test(path);
    cpSync(source, join(root, target), { recursive: true, filter });
  }
}

function isRunOf(step: Instruction, command: string): boolean {
  return step.getKeyword() === 'RUN' && (step.getArgumentsContent() ?? '').startsWith(command);
}

function workdirOf(image: Image, stage: string): string {
  return (
    stageOf(image, stage)
      .findLast((step) => step.getKeyword() === 'WORKDIR')
      ?.getArgumentsContent() ?? '/'
  );
}
