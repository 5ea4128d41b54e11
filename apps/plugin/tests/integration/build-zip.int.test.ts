import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runCommand } from '../../../../packages/stack/src/services/run.ts';

const dir = mkdtempSync(join(tmpdir(), 'wcr-build-zip-'));
const plugin = join(import.meta.dirname, '../..');

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

it('the same sources give the same small zip, with nothing that is only for development', async () => {
  const zips = ['one.zip', 'two.zip'].map((name) => join(dir, name));
  for (const zip of zips) {
    await runCommand('php', [join(plugin, 'bin/build-zip.php'), zip]);
  }
  const [one, two] = zips.map((zip) => readFileSync(zip));
  expect(one?.equals(two ?? Buffer.alloc(0))).toBe(true);
  expect(one?.length).toBeLessThan(1 << 20);
  const names = (await runCommand('unzip', ['-Z1', zips[0] ?? ''])).trim().split('\n');
  expect(names).toContain('wp-clone-restore/wp-clone-restore.php');
  expect(names.filter((name) => !/^wp-clone-restore\/(assets\/|includes\/|views\/|LICENSE$|[\w-]+\.php$)/.test(name))).toEqual(
    [],
  );
});
