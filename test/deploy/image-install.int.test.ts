import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@wcr/stack/testing/temporary-folder';
import { expect, it } from 'vitest';
import { buildStage } from '../support/images/build-steps.ts';
import { readImage } from '../support/images/read-image.ts';

it.each([
  ['api', 'WCR_CLONES_URL'],
  ['worker', 'WCR_SECRETS_KEY'],
] as const)('what the image %s installs is enough to start it, and no more than it needs', async (name, setting) => {
  const image = readImage(name);
  const root = temporaryFolder();
  // The packages are those of the repository itself: what is installed here needs no network.
  await buildStage(image, 'app', { root, command: 'pnpm install', extra: ['--offline'] });
  const [command = '', ...args] = image.entrypoint;
  const { status, stderr } = spawnSync(command, args, {
    cwd: join(root, image.workdir),
    env: { PATH: process.env['PATH'] ?? '' },
  });
  expect(status).toBe(1);
  expect(stderr.toString()).toContain('The configuration is not usable');
  expect(stderr.toString()).toContain(setting);
  for (const tool of ['vitest', 'typescript', '@wcr/stack'])
    expect(existsSync(join(root, 'app/apps', name, 'node_modules', tool))).toBe(false);
});
