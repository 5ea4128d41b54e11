import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPluginZip } from './plugin-zip.ts';
import { buildFakePlugin } from './testing/fake-plugin.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wcr-plugin-zip-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('the version stands in the header of the plugin inside the zip', async () => {
  const zip = await buildFakePlugin(dir, '3.1.4-beta2');
  await expect(readPluginZip(zip)).resolves.toMatchObject({ name: 'wp-clone-restore.zip', version: '3.1.4-beta2' });
});

test('no zip, a missing one and a foreign one are named', async () => {
  const foreign = join(dir, 'foreign.zip');
  await writeFile(foreign, 'PK not at all');
  for (const path of [undefined, join(dir, 'missing.zip'), foreign]) {
    await expect(readPluginZip(path)).rejects.toMatchObject({ code: 'source.plugin_install_failed' });
  }
});
