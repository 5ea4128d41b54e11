import { join } from 'node:path';
import { z } from 'zod';
import { CloneRecord } from './clone-record.ts';

/** `record.json` of a clone in the local runtime: what the worker writes and the gateway believes. */
export const LocalRecordFile = z.object({
  format: z.literal(1),
  /** Counts the writes of this file. */
  revision: z.number().int(),
  record: CloneRecord,
});
export type LocalRecordFile = z.infer<typeof LocalRecordFile>;

/** `owner.json`: the system user whose PHP serves the clone; absent where everything runs as one user. */
export const LocalOwnerFile = z.object({ uid: z.number().int().positive(), gid: z.number().int().positive() });
export type LocalOwnerFile = z.infer<typeof LocalOwnerFile>;

/** What the gateway answers about one clone's PHP at `/.wcr/clones/<id>`, after it has read the record again. */
export const LocalPhpState = z.object({ php: z.enum(['running', 'stopped']), known: z.boolean() });
export type LocalPhpState = z.infer<typeof LocalPhpState>;

/** Path below a clone's address at which the standalone agent answers. */
export const LOCAL_AGENT_PATH = '.wcr/agent';

/** The folder of one clone, and what lies in it. `site`, `agentWork`, `temp` and `logs` belong to the clone's own user. */
export type LocalClonePaths = Readonly<
  Record<
    'folder' | 'record' | 'owner' | 'secrets' | 'writer' | 'site' | 'agentConfig' | 'agentWork' | 'temp' | 'logs' | 'phpPid',
    string
  >
>;

/** The one place that knows how the folder of a clone is laid out. */
export function localClonePaths(localDir: string, cloneId: string): LocalClonePaths {
  const folder = join(localDir, cloneId);
  return {
    folder,
    record: join(folder, 'record.json'),
    owner: join(folder, 'owner.json'),
    secrets: join(folder, 'secrets.json'),
    writer: join(folder, 'writer'),
    site: join(folder, 'site'),
    agentConfig: join(folder, 'agent', 'config.php'),
    agentWork: join(folder, 'agent-work'),
    temp: join(folder, 'tmp'),
    logs: join(folder, 'logs'),
    phpPid: join(folder, 'php.pid'),
  };
}
