import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Service, startOnFreePort, startProcess } from './process.ts';

export type PrometheusService = Service & { readonly url: string };

export type ScrapeTarget = {
  /** The label `job` of its series. */
  readonly job: string;
  readonly port: number;
  /** Bearer token it asks for. */
  readonly token?: string;
};

export type PrometheusOptions = {
  /** Settings, data and log live here. */
  readonly dir: string;
  readonly targets: readonly ScrapeTarget[];
  /** Files with groups of rules. */
  readonly ruleFiles: readonly string[];
};

/** Starts a Prometheus on loopback that looks at its targets every second. */
export async function startPrometheus(options: PrometheusOptions): Promise<PrometheusService> {
  mkdirSync(options.dir, { recursive: true });
  // Prometheus reads YAML, of which JSON is a part.
  const configFile = join(options.dir, 'prometheus.yml');
  writeFileSync(configFile, JSON.stringify(settingsOf(options)), { mode: 0o600 });
  return startOnFreePort(undefined, async (port) => {
    const url = `http://127.0.0.1:${port}`;
    const service = await startProcess({
      command: 'prometheus',
      args: [
        `--config.file=${configFile}`,
        `--storage.tsdb.path=${join(options.dir, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      cwd: options.dir,
      logFile: join(options.dir, 'prometheus.log'),
      isReady: async () => (await fetch(`${url}/-/ready`)).ok,
    });
    return { ...service, url };
  });
}

function settingsOf({ targets, ruleFiles }: PrometheusOptions): object {
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ruleFiles,
    scrape_configs: targets.map(({ job, port, token }) => ({
      job_name: job,
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
      ...(token !== undefined && { authorization: { type: 'Bearer', credentials: token } }),
    })),
  };
}
