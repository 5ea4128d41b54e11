import type { SourceSecrets } from '@wcr/shared/contracts/jobs';
import type { RestoreRecord } from '@wcr/shared/contracts/restore';
import type { BaseStore } from '../../drivers/agent/base-store.ts';
import type { SourceAgent } from '../../drivers/agent/source-agent.ts';
import type { TargetAgent } from '../../drivers/agent/target-agent.ts';
import type { CloneDeps } from '../clone/clone.types.ts';
import type { ReachDeps } from '../reach-site.ts';

/** The API's view of restores. */
export type RestoreProjection = {
  read(restoreId: string): Promise<RestoreRecord | undefined>;
  /** Merges fields; no-op when the record is gone. */
  update(restoreId: string, patch: Partial<RestoreRecord>): Promise<void>;
};

/** What restore and rollback jobs are given; made in deps.ts. */
export type RestoreDeps = ReachDeps &
  Pick<CloneDeps, 'runtime' | 'connectAgent' | 'createRewriter' | 'now'> & {
    /** GETs and POSTs to live sites. */
    readonly visit: CloneDeps['visit'];
    readonly secrets: CloneDeps['secrets'] & {
      /** Keeps what opens the target as long as its restore point lives. */
      keep(secretRef: string, secrets: SourceSecrets, untilMs: number): Promise<void>;
    };
    /** One restore or rollback at a time on one target. */
    readonly restoreTurns: CloneDeps['siteTurns'];
    readonly restores: RestoreProjection;
    /** Has what a failed restore could not clear up cleared up by a job of its own. */
    readonly scheduleUndo: (restore: { restoreId: string; owner: string }) => Promise<void>;
    /** Has the restore point removed when its time is up. */
    readonly scheduleForget: (restore: { restoreId: string; owner: string; at: number }) => Promise<void>;
    readonly settings: CloneDeps['settings'] & { readonly restorePointMs: number };
  };

/** Both sites while a step works with them. */
export type RestoreSides = {
  /** Where the changes come from: a clone, or any WordPress. */
  readonly clone: SourceAgent;
  /** What the clone was made of; undefined for a source that is no clone. */
  readonly base: BaseStore | undefined;
  /** The live site's read side. */
  readonly target: SourceAgent;
  /** Its write side, in the restore's session. */
  readonly writer: TargetAgent;
  readonly session: string;
};
