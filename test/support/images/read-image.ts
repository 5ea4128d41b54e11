import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Copy, type Dockerfile, DockerfileParser, type Instruction, type JSONInstruction } from 'dockerfile-ast';

/** The repository, which is the context of every image's build. */
export const REPOSITORY = resolve(import.meta.dirname, '../../..');
/** The images of `deploy/images`. */
export const IMAGE_NAMES = ['api', 'worker', 'wordpress-clone'] as const;
export type ImageName = (typeof IMAGE_NAMES)[number];

/** A file or folder that comes from the repository, and where it lies in the image. */
export type ImageFile = { readonly source: string; readonly target: string };

/** What the last stage of a Dockerfile says about the image, as far as files come from the repository. */
export type Image = {
  readonly path: string;
  readonly text: string;
  readonly dockerfile: Dockerfile;
  /** Of the last stage only; sources are absolute. */
  readonly files: readonly ImageFile[];
  readonly user: string;
  readonly stopSignal: NodeJS.Signals;
  readonly entrypoint: readonly string[];
  readonly workdir: string;
};

/** Reads an image's Dockerfile. */
export function readImage(name: ImageName): Image {
  const path = join(REPOSITORY, 'deploy/images', name, 'Dockerfile');
  const text = readFileSync(path, 'utf8');
  const dockerfile = DockerfileParser.parse(text);
  const last = lastStage(dockerfile);
  const find = (keyword: string): Instruction | undefined => last.findLast((it) => it.getKeyword() === keyword);
  const argumentsOf = (keyword: string): string => find(keyword)?.getArgumentsContent() ?? '';
  return {
    path,
    text,
    dockerfile,
    files: last.filter(isContextCopy).flatMap(filesOf),
    user: argumentsOf('USER'),
    stopSignal: (argumentsOf('STOPSIGNAL') || 'SIGTERM') as NodeJS.Signals,
    entrypoint: jsonWords(find('ENTRYPOINT')),
    workdir: argumentsOf('WORKDIR') || '/',
  };
}

/** The sources of every COPY from the repository, of all stages, as they are written. */
export function contextSources(image: Image): string[] {
  const copies = image.dockerfile.getInstructions().filter(isContextCopy);
  return copies.flatMap((copy) => operandsOf(copy).slice(0, -1));
}

/** The instructions of the stage that is named so. */
export function stageOf(image: Image, name: string): Instruction[] {
  const all = image.dockerfile.getInstructions();
  const start = all.findIndex((it) => it.getKeyword() === 'FROM' && it.getArguments().at(-1)?.getValue() === name);
  const length = all.slice(start + 1).findIndex((it) => it.getKeyword() === 'FROM');
  return start < 0 ? [] : all.slice(start, length < 0 ? undefined : start + 1 + length);
}

function lastStage(dockerfile: Dockerfile): Instruction[] {
  const all = dockerfile.getInstructions();
  return all.slice(all.findLastIndex((it) => it.getKeyword() === 'FROM'));
}

/** True for a COPY from the repository, not from another stage. */
export function isContextCopy(instruction: Instruction): boolean {
  if (instruction.getKeyword() !== 'COPY') return false;
  return !(instruction as Copy).getFlags().some((flag) => flag.getName() === 'from');
}

function operandsOf(copy: Instruction): string[] {
  return copy.getArguments().flatMap((argument) => (argument.getValue().startsWith('--') ? [] : [argument.getValue()]));
}

/** What a COPY takes from where to where. Where several things, or one into a name with a slash at its end, are copied, they keep their names. */
export function filesOf(copy: Instruction): ImageFile[] {
  const operands = operandsOf(copy);
  const target = operands.at(-1) ?? '/';
  return operands.slice(0, -1).map((source) => ({
    source: join(REPOSITORY, source),
    target: target.endsWith('/') ? join(target, basename(source)) : target,
  }));
}

function jsonWords(instruction: Instruction | undefined): string[] {
  return (instruction as JSONInstruction | undefined)?.getJSONStrings().map((word) => word.getJSONValue()) ?? [];
}
