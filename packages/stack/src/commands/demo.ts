import { createApiClient } from '@wcr/cli/api/api-client';
import { createProgressDisplay } from '@wcr/cli/terminal/progress-display';
import { cloneSample } from '../demo/clone-sample.ts';
import { startDemoSample } from '../demo/start-sample.ts';
import { whileHealthy } from '../demo/watch-worker.ts';
import { stackLayout } from '../stack/stack-layout.ts';
import { startStack, stopStack } from '../stack/start-stack.ts';

const exits = process.argv.includes('--exit');
const layout = stackLayout(process.env);
const say = (line: string): void => console.log(line);
const display = createProgressDisplay(process.stdout);

if (exits) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stopStack({ layout, say }).finally(() => process.exit(130)));
  }
}

try {
  const stack = await startStack({ layout, env: process.env, say });
  const source = await startDemoSample({ layout, mariaDb: stack.mariaDb, port: stack.ports.sample });
  say(`Sample     ${source.url}\n\nCloning the sample ...`);
  const begin = performance.now();
  const { clone, credentials } = await whileHealthy(
    { name: 'worker', healthUrl: `http://127.0.0.1:${stack.ports.metrics}/health/live` },
    () => cloneSample({ api: createApiClient(stack), source, onProgress: display.show }),
  );
  display.end();
  say(`
The clone is ready and shows the sample's content (${((performance.now() - begin) / 1000).toFixed(1)} s).

  address   ${clone.url}
  login     ${credentials.loginUrl}
  user      ${credentials.username}
  password  ${credentials.password}
  expires   ${clone.expiresAt}
`);
  if (!exits)
    say(`The source was ${source.url} (${source.admin.username} / ${source.admin.password}). Stop everything with: ./dev down`);
} catch (error) {
  display.end();
  console.error(`\n${error instanceof Error ? error.message : String(error)}\n\nThe logs are in ${layout.run}.`);
  process.exitCode = 1;
} finally {
  if (exits) await stopStack({ layout, say });
}
