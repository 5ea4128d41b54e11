import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { findFreePort } from '../services/process.ts';

const DEFAULTS = {
  redis: { variable: 'WCR_REDIS_PORT', port: 6390 },
  database: { variable: 'WCR_DATABASE_PORT', port: 3390 },
  api: { variable: 'WCR_API_PORT', port: 8080 },
  gateway: { variable: 'WCR_GATEWAY_PORT', port: 8090 },
  metrics: { variable: 'WCR_METRICS_PORT', port: 9464 },
  sample: { variable: 'WCR_SAMPLE_PORT', port: 8088 },
} as const;

export type StackPorts = Readonly<Record<keyof typeof DEFAULTS, number>>;
const Ports = z.record(z.string(), z.number());
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Decides on ports: the environment's, or those of the last time (clones carry the gateway's in their addresses), or the
 * usual ones; a free one instead of one that is taken by somebody else.
 * @param isOurs tells whether the stack itself is what listens under this name
 */
export async function choosePorts(file: string, env: Environment, isOurs: (name: string) => boolean): Promise<StackPorts> {
  const former = readPorts(file);
  const chosen: Record<string, number> = {};
  for (const [name, { variable, port }] of Object.entries(DEFAULTS)) {
    const wanted = Number(env[variable] || former[name] || port);
    chosen[name] = isOurs(name) && wanted === former[name] ? wanted : await findFreePort(wanted);
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(chosen, null, 2)}\n`);
  return chosen as StackPorts;
}

/** The ports of the last time by name; none when there was no such time. */
export function readPorts(file: string): Readonly<Record<string, number>> {
  try {
    return Ports.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}
