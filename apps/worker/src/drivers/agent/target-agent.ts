import type { Frame } from '@wcr/shared/contracts/agent-frames';
import { z } from 'zod';
import type { MadeEntry } from '../runtime/file-sink.types.ts';
import type { AgentClient } from './agent.types.ts';
import { jsonOf, parseAnswer } from './answers.ts';
import { encodeFrame } from './frame-codec.ts';
import { pathToWire } from './index-codec.ts';
import type { Patience } from './patience.ts';

const BeginAnswer = z.object({
  maxRequestBytes: z.number(),
  maxPacketBytes: z.number(),
  charsets: z.array(z.string()),
  collations: z.array(z.string()),
});
export type BeginAnswer = z.infer<typeof BeginAnswer>;

const StateAnswer = z.object({
  phase: z.string(),
  // PHP encodes an empty map as a list.
  tables: z.union([
    z.record(z.string(), z.object({ sequence: z.number(), cursor: z.string().nullable(), rows: z.number() })),
    z.array(z.never()).transform((): Record<string, never> => ({})),
  ]),
});
export type SessionState = z.infer<typeof StateAnswer>;

const CommitAnswer = z.object({ phase: z.string(), maintenanceMs: z.number().default(0) });
const AdminAnswer = z.object({ userId: z.number() });
/** Paths in one request; a request's description has a limit. */
const PATHS_PER_REQUEST = 400;

/** A live table of which rows will be changed. */
export type MergedTable = { readonly name: string; readonly columns: readonly string[]; readonly key: readonly string[] };
/** What a table that is going to be swapped must hold at that moment. */
export type ExpectedTable = {
  readonly table: string;
  readonly columns: readonly string[];
  readonly key: readonly string[] | null;
  readonly rows: number;
  /** Decimal. */
  readonly checksum: string;
};

const WarningsAnswer = z.object({ warnings: z.array(z.string()).default([]) });
const VerifyAnswer = z.object({ ok: z.boolean(), problems: z.array(z.string()) });

export type Statement = {
  readonly kind: 'foreign-key' | 'view' | 'trigger' | 'analyze';
  readonly name: string;
  /** The table that `{{table}}` stands for. */
  readonly table?: string;
  readonly sql: string;
};
export type AdminUser = {
  readonly login: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly marker: string;
};

/** The write side of one agent, in one session. A repeated call is answered like the first. */
export class TargetAgent {
  readonly #client: AgentClient;
  readonly #session: string;
  readonly #patience: () => Patience;
  readonly #signal: AbortSignal;

  constructor(client: AgentClient, options: { session: string; patience: () => Patience; signal: AbortSignal }) {
    this.#client = client;
    this.#session = options.session;
    this.#patience = options.patience;
    this.#signal = options.signal;
  }

  /** @param options.writes folders that will be written, so that one that is not writable is refused before anything is staged */
  async begin(options: {
    mode: 'replace' | 'merge';
    prefix: string;
    expect: { dbBytes: number; fileBytes: number };
    writes?: readonly string[];
  }): Promise<BeginAnswer> {
    const { writes, ...rest } = options;
    return parseAnswer(
      BeginAnswer,
      await this.#call('session.begin', { ...rest, ...(writes && { writes: writes.map(pathToWire) }) }),
    );
  }

  async state(): Promise<SessionState> {
    return parseAnswer(StateAnswer, await this.#call('session.state', {}));
  }

  /** Drops and makes tables; with `missing` those that the session has made already stay as they are. */
  async createTables(tables: readonly { name: string; createSql: string }[], missing: boolean): Promise<void> {
    await this.#call('tables.create', { tables, missing });
  }

  /** @param frames encoded `R` frames. @returns warnings of the server, e.g. cut-off values. */
  async writeRows(frames: readonly Buffer[][]): Promise<string[]> {
    return parseAnswer(WarningsAnswer, await this.#call('rows.write', {}, frames)).warnings;
  }

  /** @param frames encoded `F` frames. */
  async writeFiles(frames: readonly Buffer[][]): Promise<void> {
    await this.#call('files.write', {}, frames);
  }

  async makeEntries(entries: readonly MadeEntry[]): Promise<void> {
    const wire = entries.map(({ target, ...entry }) => ({
      ...entry,
      path: pathToWire(entry.path),
      ...(target !== undefined && { target: pathToWire(target) }),
    }));
    await this.#call('files.make', { entries: wire });
  }

  /** Writes one small file whole. */
  async writeFile(path: string, text: string, mode = 0o644): Promise<void> {
    const data = Buffer.from(text);
    const meta = { path: pathToWire(path), offset: 0, eof: true, size: data.length, mtime: Math.floor(Date.now() / 1000), mode };
    await this.writeFiles([encodeFrame('F', meta, data)]);
  }

  /** Forgets every file and removal that was staged; staged tables stay. */
  async resetFiles(): Promise<void> {
    await this.#call('files.remove', { paths: [], reset: true });
  }

  /** Marks files and folders for removal at the commit. */
  async removeFiles(paths: readonly string[]): Promise<void> {
    for (let at = 0; at < paths.length; at += PATHS_PER_REQUEST)
      await this.#call('files.remove', { paths: paths.slice(at, at + PATHS_PER_REQUEST).map(pathToWire) });
  }

  /** Empty staging for changes of rows of live tables; called again it empties what was staged. */
  async mergeTables(tables: readonly MergedTable[]): Promise<void> {
    await this.#call('tables.merge', { tables });
  }

  /** Forgets every table that was staged; staged files stay. */
  async resetTables(): Promise<void> {
    await this.#call('tables.merge', { tables: [], reset: true });
  }

  /**
   * Puts everything staged in its place, or changes nothing.
   * @throws AppError `target.changed` when live rows are not those that were compared, `target.locked`, `target.*`
   */
  async commit(options: {
    keepRestorePoint: boolean;
    /** Unix seconds. */
    restorePointUntil: number;
    expect: readonly ExpectedTable[];
  }): Promise<{ phase: string; maintenanceMs: number }> {
    return parseAnswer(CommitAnswer, await this.#call('session.commit', options));
  }

  /** Back to the restore point, from wherever the session stands. */
  async rollback(): Promise<void> {
    await this.#call('session.rollback', {});
  }

  async execute(statements: readonly Statement[]): Promise<string[]> {
    return parseAnswer(WarningsAnswer, await this.#call('session.execute', { phase: 'after-rows', statements })).warnings;
  }

  async verify(
    tables: readonly { name: string; columns: readonly string[]; rows: number }[],
  ): Promise<{ ok: boolean; problems: string[] }> {
    return parseAnswer(VerifyAnswer, await this.#call('session.verify', { tables }));
  }

  async writeOptions(table: string, options: readonly { name: string; value: string | null }[]): Promise<void> {
    await this.#call('options.write', { table, options });
  }

  /** @returns the account's id */
  async ensureAdmin(user: AdminUser): Promise<number> {
    return parseAnswer(AdminAnswer, await this.#call('users.ensure-admin', user)).userId;
  }

  /** Ends the session; a restore point that was to be kept stays unless it is to be removed, too. */
  async finish(options: { removeRestorePoint?: boolean } = {}): Promise<void> {
    await this.#call('session.finish', options);
  }

  async #call(operation: string, args: object, frames: readonly Buffer[][] = []): Promise<unknown> {
    return this.#patience().keep(async () => {
      const answer: Frame[] = [];
      for await (const frame of this.#client.call(
        operation,
        { session: this.#session, ...args },
        { frames, signal: this.#signal },
      )) {
        answer.push(frame);
      }
      return jsonOf(answer);
    });
  }
}
