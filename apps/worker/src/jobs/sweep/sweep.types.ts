import type { SweepFigures } from '@wcr/shared/contracts/sweep-figures';
import type { Logger } from 'pino';
import type { Runtime } from '../../drivers/runtime/runtime.types.ts';
import type { Projection } from '../../projection/projection.ts';
import type { createRestoreProjection } from '../../projection/restores.ts';
import type { CloneJobs } from '../../queue/clone-jobs.ts';
import type { ExpireSchedule } from '../../queue/expire-schedule.ts';
import type { Resealed } from '../../queue/reseal.ts';
import type { RollbackSchedule } from '../../queue/rollback-schedule.ts';
import type { SecretStore } from '../../queue/secret-store.ts';
import type { WebhookOutbox } from '../../webhooks/outbox.ts';

export type SweepDeps = {
  readonly runtime: Runtime;
  readonly projection: Projection;
  readonly cloneJobs: CloneJobs;
  readonly schedule: ExpireSchedule;
  readonly restores: Pick<ReturnType<typeof createRestoreProjection>, 'list' | 'update'>;
  /** Jobs of the queues for restores and rollbacks, by their ids. */
  readonly restoreJobs: Pick<CloneJobs, 'state'>;
  readonly rollbacks: Pick<RollbackSchedule, 'undo'>;
  readonly secrets: Pick<SecretStore, 'forget' | 'has'>;
  readonly outbox: Pick<WebhookOutbox, 'settle'>;
  /** Has jobs tried again that a wrong clock has delayed for longer than any delay lasts; answers how many. */
  readonly hastenFarDelays: () => Promise<number>;
  /** Seals what is in Redis anew; only while there are other keys than the present one. */
  readonly reseal?: ((signal: AbortSignal) => Promise<Resealed>) | undefined;
  readonly settings: {
    /** Age in milliseconds before something without a counterpart is taken for left over. */
    readonly graceMs: number;
  };
  /** Keeps what the sweep saw where the API shows it from. */
  readonly recordFigures: (figures: SweepFigures) => Promise<void>;
  readonly logger: Pick<Logger, 'error'>;
  readonly now: () => number;
};

/** What a sweep can find and mend. */
export type SweepFinding =
  | 'projection-rebuilt'
  | 'projection-corrected'
  | 'credentials-renewed'
  | 'expired'
  | 'orphaned'
  | 'projection-ended'
  | 'restore-ended'
  | 'rollback-asked'
  | 'webhook-announced'
  | 'job-hastened'
  | 'target-made'
  | 'target-removed'
  | 'resealed'
  | 'unreadable';
