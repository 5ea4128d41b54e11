import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsRoot, type MariaDbAddress } from '../services/mariadb.ts';
import { startPhpSite } from '../services/php-site.ts';
import { createSampleSite, type SampleSite } from '../sites/sample-site.ts';
import { ensureProcess, stopProcess } from '../stack/process-records.ts';
import type { StackLayout } from '../stack/stack-layout.ts';

const DATABASE = 'wcr_demo_source';

/** Builds the sample anew and serves it; `./dev down` stops it with the rest. */
export async function startDemoSample(options: {
  readonly layout: StackLayout;
  readonly mariaDb: MariaDbAddress;
  readonly port: number;
}): Promise<SampleSite> {
  const { layout, mariaDb, port } = options;
  const dir = join(layout.demo, 'site');
  await stopProcess(layout.run, 'sample');
  rmSync(dir, { recursive: true, force: true });
  const connection = await connectAsRoot(mariaDb);
  await connection.query(`DROP DATABASE IF EXISTS ${DATABASE}`);
  await connection.end();
  const url = `http://127.0.0.1:${port}`;
  const site = await createSampleSite({ dir, mariaDb, url, databaseName: DATABASE });
  await ensureProcess({
    dir: layout.run,
    name: 'sample',
    settings: { port },
    start: () => startPhpSite({ dir, port, logFile: join(layout.run, 'sample.log'), outlives: true }),
  });
  return site;
}
