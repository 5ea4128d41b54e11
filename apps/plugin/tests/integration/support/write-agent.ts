import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from '../../../../../packages/shared/src/contracts/agent-frames.ts';
import type { Database, MariaDbAddress } from '../../../../../packages/stack/src/services/mariadb.ts';
import { type Service, startOnFreePort, startProcess } from '../../../../../packages/stack/src/services/process.ts';
import { createAgentClient } from '../../../../worker/src/drivers/agent/agent-client.ts';
import { jsonOf } from '../../../../worker/src/drivers/agent/answers.ts';
import { encodeFrame } from '../../../../worker/src/drivers/agent/frame-codec.ts';

const plugin = join(import.meta.dirname, '../../..');

export type WriteAgent = Service & {
  readonly url: string;
  readonly root: string;
  readonly work: string;
  /** Calls an operation and returns the value of its `J` frame. */
  call(operation: string, args: object, frames?: readonly Buffer[][]): Promise<Record<string, unknown>>;
  /** Calls and returns every frame. */
  frames(operation: string, args: object, frames?: readonly Buffer[][]): Promise<Frame[]>;
};

export type WriteAgentOptions = {
  readonly server: MariaDbAddress;
  readonly database: Database;
  /** A folder for site and work; made. */
  readonly dir: string;
  /** The site's folder when it is not `<dir>/site`. */
  readonly root?: string;
  /** The agent's own folder; beside the site when not given. */
  readonly work?: string;
  readonly prefix?: string;
  readonly ini?: Readonly<Record<string, string>>;
  /** No file may grow beyond this, as on a disk that is full. */
  readonly maxFileBytes?: number;
  /** Kills PHP at the n-th step of an operation; see crash-at.php. */
  readonly crash?: { readonly operation: string; readonly at: number };
  /** Where a test writes which of its processes PHP is to kill, and when: see crash-points.php. */
  readonly crashFile?: string;
};

/** Each crash takes one of the server's processes, and none comes after it: so many a server that is to crash survives. */
export const CRASHES_PER_SERVER = 36;
const PROCESSES = { usually: 4, toCrash: CRASHES_PER_SERVER + 4 };

/** Serves the standalone agent with PHP's own web server. */
export async function startWriteAgent(options: WriteAgentOptions): Promise<WriteAgent> {
  const root = options.root ?? join(options.dir, 'site');
  const work = options.work ?? join(options.dir, 'work');
  const pairingKey = randomBytes(32).toString('hex');
  mkdirSync(root, { recursive: true });
  const config = join(options.dir, 'agent.php');
  writeFileSync(config, renderConfig({ ...options, root, work, pairingKey }), { mode: 0o600 });
  return startOnFreePort(undefined, async (port) => {
    const url = `http://127.0.0.1:${port}/`;
    const service = await startProcess({
      command: 'sh',
      args: ['-c', limits(options), 'php', ...iniArguments(options), '-S', `127.0.0.1:${port}`, script(options)],
      env: {
        WCR_AGENT_CONFIG: config,
        PHP_CLI_SERVER_WORKERS: String(options.crashFile ? PROCESSES.toCrash : PROCESSES.usually),
        WCR_TEST_CRASH_AT: options.crash ? String(options.crash.at) : '',
        WCR_TEST_CRASH_IN: options.crash?.operation ?? '',
      },
      logFile: join(options.dir, 'php.log'),
      isReady: async () => (await fetch(url)).status > 0,
      graceMs: 1_000,
    });
    const client = createAgentClient({ url, transport: 'standalone', pairingKey });
    const frames = async (operation: string, args: object, more: readonly Buffer[][] = []): Promise<Frame[]> => {
      const answer: Frame[] = [];
      for await (const frame of client.call(operation, args, { frames: more, signal: AbortSignal.timeout(60_000) }))
        answer.push(frame);
      return answer;
    };
    const call = async (operation: string, args: object, more: readonly Buffer[][] = []) =>
      jsonOf(await frames(operation, args, more)) as Record<string, unknown>;
    return { ...service, url, root, work, call, frames };
  });
}

export type Column = { readonly name: string; readonly kind: string; readonly charset?: string | null };

/** One `R` frame; each joins the one with the number before. */
export function rowsFrame(
  table: string,
  columns: readonly Column[],
  sequence: number,
  rows: readonly (Buffer | string | null)[][],
  place: { readonly from?: string | null; readonly cursor?: string; readonly part?: 'rows' | 'former' } = {},
): Buffer[] {
  const meta = {
    table,
    columns: columns.map((column) => ({ charset: null, ...column })),
    sequence,
    rows: rows.length,
    from: sequence === 1 ? null : `after ${sequence - 1}`,
    cursor: `after ${sequence}`,
    ...place,
  };
  return encodeFrame('R', meta, Buffer.concat(rows.map(packRow)));
}

function packRow(row: readonly (Buffer | string | null)[]): Buffer {
  const values = row.map((value) => (value === null ? null : Buffer.from(value as string)));
  const lengths = Buffer.alloc(4 * row.length);
  values.forEach((value, index) => {
    lengths.writeUInt32BE(value === null ? 0xffff_ffff : value.length, index * 4);
  });
  return Buffer.concat([lengths, ...values.filter((value) => value !== null)]);
}

export function wirePath(path: string): string {
  return Buffer.from(path, 'latin1').toString('base64url');
}

/** One `F` frame; a whole file unless told otherwise. */
export function fileFrame(
  path: string,
  data: Buffer | string,
  more: { offset?: number; eof?: boolean; size?: number; mtime?: number; mode?: number } = {},
): Buffer[] {
  const bytes = Buffer.from(data as string);
  return encodeFrame(
    'F',
    { path: wirePath(path), offset: 0, eof: true, size: bytes.length, mtime: 1_600_000_000, mode: 0o644, ...more },
    bytes,
  );
}

export function newSession(): string {
  return randomBytes(6).toString('hex');
}

function script(options: WriteAgentOptions): string {
  return options.crash || options.crashFile ? join(import.meta.dirname, 'crash-at.php') : join(plugin, 'standalone.php');
}

/** The signal is ignored so that the write itself fails, with EFBIG. */
function limits(options: WriteAgentOptions): string {
  const limit = options.maxFileBytes ? `trap '' XFSZ; ulimit -f ${options.maxFileBytes / 512};` : '';
  return `${limit} exec "$0" "$@"`;
}

function iniArguments(options: WriteAgentOptions): string[] {
  const settings = {
    memory_limit: '128M',
    post_max_size: '16M',
    display_errors: '0',
    log_errors: '1',
    ...(options.crashFile && { 'wcr.crash_file': options.crashFile }),
    ...options.ini,
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-d', `${name}=${value}`]);
}

function renderConfig(facts: WriteAgentOptions & { root: string; work: string; pairingKey: string }): string {
  const { server, database } = facts;
  const quote = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const db = {
    host: `${server.host}:${server.port}`,
    user: database.user,
    password: database.password,
    name: database.name,
    prefix: facts.prefix ?? 'wp_',
  };
  const members = Object.entries(db).map(([name, value]) => `'${name}' => ${quote(value)}`);
  return `<?php return array( 'pairing_key' => ${quote(facts.pairingKey)}, 'root' => ${quote(facts.root)}, 'work' => ${quote(facts.work)}, 'url' => 'http://clone.example', 'db' => array( ${members.join(', ')} ) );\n`;
}
