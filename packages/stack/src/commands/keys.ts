import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runningProcesses } from '../stack/process-records.ts';
import { bootstrapKeysOf } from '../stack/stack-apps.ts';
import { stackLayout } from '../stack/stack-layout.ts';
import { readPorts } from '../stack/stack-ports.ts';
import { ensureSecrets } from '../stack/stack-secrets.ts';

const layout = stackLayout(process.env);
const port = readPorts(layout.ports)['redis'];

if (port === undefined || !(await runningProcesses(layout.run)).includes('redis')) {
  console.error('The stack does not run. Start it: ./dev up');
  process.exitCode = 1;
} else {
  const { status } = spawnSync(process.execPath, [join(layout.root, 'apps/api/src/keys-command.ts'), ...process.argv.slice(2)], {
    env: {
      ...process.env,
      WCR_REDIS_URL: `redis://127.0.0.1:${port}`,
      WCR_API_KEYS: bootstrapKeysOf(ensureSecrets(layout.secrets, process.env), process.env),
    },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
