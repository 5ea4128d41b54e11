import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Instruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { contextSources, IMAGE_NAMES, REPOSITORY, readImage } from '../support/images/read-image.ts';

const read = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');

describe.each(IMAGE_NAMES)('the image %s', (name) => {
  const image = readImage(name);
  const instructions = image.dockerfile.getInstructions();
  const all = (keyword: string): string[] =>
    instructions.filter((it) => it.getKeyword() === keyword).map((it) => it.getArgumentsContent() ?? '');

  it('has a Dockerfile without errors', () => {
    const problems = validate(image.text, { instructionWorkdirRelative: 1 });
    expect(problems.map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([]);
  });

  it('copies nothing that is not in the repository, or that builds leave out', () => {
    const sources = contextSources(image);
    expect(sources.length).toBeGreaterThan(0);
    expect(sources.filter((source) => !existsSync(join(REPOSITORY, source)))).toEqual([]);
    const kept = new Set(
      read('.dockerignore')
        .split('\n')
        .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : [])),
    );
    expect(sources.filter((source) => !kept.has(source.split('/')[0] ?? ''))).toEqual([]);
  });

  it('is made of images of one exact version', () => {
    const defaults = new Map(all('ARG').map((text) => text.split('=', 2) as [string, string]));
    for (const from of all('FROM')) {
      const [reference = ''] = from.split(' ');
      const base = reference.replace(/^\$\{(\w+)\}$/, (_, variable: string) => defaults.get(variable) ?? '');
      expect(base).toMatch(/^[a-z/]+:\d+\.\d+[\w.-]*$/);
    }
  });

  it('runs as a user without a name and without rights, as its own first process', () => {
    expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(image.entrypoint.length).toBeGreaterThan(0);
    expect(instructions.findLast((it) => it.getKeyword() === 'USER')?.getRange().start.line).toBeGreaterThan(
      lastLineOf(instructions, 'RUN'),
    );
  });

  it('tells how it is, what it is and on which port it listens', () => {
    expect(all('HEALTHCHECK')).toHaveLength(1);
    expect(all('EXPOSE')[0]).toMatch(/^\d{4}$/);
    for (const label of ['title', 'description', 'licenses', 'version', 'revision']) {
      expect(all('LABEL').join(' ')).toContain(`org.opencontainers.image.${label}=`);
    }
  });

  it('fetches nothing unchecked and holds no secret', () => {
    expect(all('ADD')).toEqual([]);
    expect(all('RUN').filter((text) => /(^|\s)(curl|wget)\s/.test(text))).toEqual([]);
    const settings = [...all('ENV'), ...all('ARG')].join(' ');
    expect(settings).not.toMatch(/\w*(PASSWORD|SECRET|TOKEN|KEY|DATABASE_URL)\w*=/);
  });
});

it('all images begin with the same versions, which are those of development', () => {
  const bases = (name: string): string[] => read(`deploy/images/${name}/Dockerfile`).match(/^ARG (NODE|DEBIAN)=.*$/gm) ?? [];
  const [node, debian] = bases('worker');
  expect([bases('api'), bases('wordpress-clone')]).toEqual([[node], [debian]]);
  const [, version = '', pnpm = ''] = /NODE_VERSION=(\S+) PNPM_VERSION=(\S+)/.exec(read('dev')) ?? [];
  expect(node).toBe(`ARG NODE=node:${version}-bookworm-slim`);
  for (const name of ['api', 'worker']) expect(read(`deploy/images/${name}/Dockerfile`)).toContain(` pnpm@${pnpm}\n`);
});

it('the clone’s entrypoint can be executed, and its web server takes nothing of the system’s site configuration', () => {
  const { files, entrypoint } = readImage('wordpress-clone');
  const script = files.find(({ target }) => target === entrypoint[0]);
  expect(statSync(script?.source ?? '').mode & 0o111).toBe(0o111);
  const config = read('deploy/images/wordpress-clone/apache.conf');
  const included = [...config.matchAll(/^\s*Include\w*\s+(.*)$/gm)].map(([, file]) => file);
  // What the entrypoint writes when a warm target learns whose clone it is.
  expect(included).toEqual(['/run/wcr/identity.conf']);
  const variables = new Set([...config.matchAll(/\$\{(WCR_\w+)\}/g)].map(([, variable]) => variable));
  const given = read('deploy/images/wordpress-clone/entrypoint.sh');
  expect([...variables].filter((variable) => !given.includes(`  ${variable}=`))).toEqual([]);
});

it('a clone in a pod has the limits of one behind the gateway', () => {
  const ini = new Map(
    read('deploy/images/wordpress-clone/php.ini')
      .split('\n')
      .map((line) => line.split(' = ', 2) as [string, string]),
  );
  const gateway = read('apps/gateway/src/php/fpm-config.ts');
  for (const name of [
    'memory_limit',
    'post_max_size',
    'upload_max_filesize',
    'max_execution_time',
    'max_input_time',
    'max_input_vars',
  ]) {
    expect(gateway).toContain(`${name}: '${ini.get(name)}'`);
  }
  for (const name of ini.get('disable_functions')?.split(',') ?? []) expect(gateway).toContain(`'${name}'`);
});

function lastLineOf(instructions: readonly Instruction[], keyword: string): number {
  return instructions.findLast((it) => it.getKeyword() === keyword)?.getRange().start.line ?? -1;
}
