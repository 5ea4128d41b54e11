import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from '@wcr/stack/testing/temporary-folder';
import { expect, it } from 'vitest';

const CLOCK = pathToFileURL(join(import.meta.dirname, 'shifted-clock.ts')).href;
const HOUR_MS = 3_600_000;
/** Tells on each line of input what time it is, in every way there is, and how long it has run. */
const PROGRAM = `require('node:readline').createInterface({ input: process.stdin }).on('line', () =>
  console.log(JSON.stringify([Date.now(), new Date().getTime(), Date.parse(Date()), performance.now()])))`;

it('sets the clock of a program while it runs, and leaves what has no date alone', async () => {
  const file = join(temporaryFolder(), 'clock');
  writeFileSync(file, '0');
  const env = { ...process.env, WCR_TEST_CLOCK: file, NODE_OPTIONS: `--import=${CLOCK}` };
  const program = spawn(process.execPath, ['-e', PROGRAM], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  const ask = async (): Promise<number[]> => {
    program.stdin.write('\n');
    return JSON.parse(String((await lines.next()).value)) as number[];
  };
  const [, , , ranMs = 0] = await ask();
  writeFileSync(file, String(-HOUR_MS));
  await expect.poll(async () => ((await ask())[0] ?? 0) - Date.now()).toBeLessThan(-HOUR_MS / 2);
  const [now = 0, date = 0, text = 0, longer = 0] = await ask();
  for (const time of [now, date, text]) expect(Math.abs(time + HOUR_MS - Date.now())).toBeLessThan(HOUR_MS / 2);
  expect(longer).toBeGreaterThan(ranMs);
  program.kill();
});
