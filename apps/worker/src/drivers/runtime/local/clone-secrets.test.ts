import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { localClonePaths } from '@wcr/shared/contracts/local-clone';
import { CloneId } from '@wcr/shared/domain/clone-id';
import { createSealer } from '@wcr/shared/secrets/seal';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ensureSecrets, readSecrets, resealSecrets } from './clone-secrets.ts';

const [OLD, NEW] = ['ab'.repeat(32), 'cd'.repeat(32)];
const ID = CloneId.parse('clone-20300101-000000-abcd');

let dir: string;
const paths = () => localClonePaths(dir, ID);
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wcr-secrets-'));
  mkdirSync(dirname(paths().secrets), { recursive: true });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('a clone keeps its secrets when the key under which they are sealed changes', async () => {
  const made = await ensureSecrets(paths(), { id: ID, url: 'http://clones.test/a' }, createSealer(OLD));
  const changing = createSealer(NEW, [OLD]);
  expect(await resealSecrets(paths(), ID, changing)).toBe('resealed');
  expect(await resealSecrets(paths(), ID, changing)).toBeUndefined();
  expect(await readSecrets(paths(), ID, createSealer(NEW))).toEqual(made);
  expect(statSync(paths().secrets).mode & 0o777).toBe(0o600);
  expect(await resealSecrets(paths(), ID, createSealer(OLD))).toBe('unreadable');
});

it('a clone without secrets has none sealed anew', async () => {
  expect(await resealSecrets(paths(), ID, createSealer(NEW, [OLD]))).toBeUndefined();
});
