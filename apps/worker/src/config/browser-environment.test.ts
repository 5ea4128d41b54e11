import { expect, it } from 'vitest';
import { browserEnvironment } from './browser-environment.ts';

it('a browser gets what it runs by, and none of the worker’s settings', () => {
  const needed = { PATH: '/bin', HOME: '/root', LANG: 'C.UTF-8', LC_ALL: 'C', TMPDIR: '/tmp', XDG_RUNTIME_DIR: '/run/1' };
  const secret = { WCR_SECRETS_KEY: 'k', WCR_DATABASE_URL: 'mysql://root:p@h', MY_PATH: 'x', AWS_SECRET: 'y', HOME2: 'z' };
  expect(browserEnvironment({ ...needed, ...secret, LC_TIME: undefined })).toEqual(needed);
});
