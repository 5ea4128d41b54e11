import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../stack/stack-layout.ts';
import { nounsWithoutSentence, renderTroubleshooting } from './troubleshooting.ts';

it('docs/troubleshooting.md has every error code as the catalogue has it; `pnpm docs:write` writes it anew', () => {
  expect(readFileSync(join(repositoryRoot, 'docs/troubleshooting.md'), 'utf8')).toBe(renderTroubleshooting());
});

it('every noun of the error codes is explained', () => {
  expect(nounsWithoutSentence()).toEqual([]);
});
