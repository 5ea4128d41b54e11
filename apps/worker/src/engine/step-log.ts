import type { CheckpointStore } from './checkpoint-store.ts';

export type StepLog = {
  /** Adds a line `<ISO time> [<step>] <message>`; written soon, in order. */
  add(step: string, message: string): void;
  /** Resolves when everything added so far is written (or refused). */
  flush(): Promise<void>;
};

export type StepLogOptions = {
  readonly store: Pick<CheckpointStore, 'appendLog'>;
  readonly keep: number;
  readonly redact: (text: string) => string;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
};

const MAX_LINE = 2_000;

/** The log that people read beside a job. While one batch is on its way the next lines gather. */
export function createStepLog({ store, keep, redact, now, onError }: StepLogOptions): StepLog {
  let waiting: string[] = [];
  let writing: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const lines = waiting.slice(-keep);
      waiting = [];
      await store.appendLog(lines, keep).catch(onError);
    }
    writing = undefined;
  };
  return {
    add(step, message) {
      const text = redact(message).replaceAll(/[\r\n]+/g, ' ⏎ ');
      const short = text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text;
      waiting.push(`${new Date(now()).toISOString()} [${step}] ${short}`);
      writing ??= Promise.resolve().then(drain);
    },
    async flush() {
      await writing;
    },
  };
}
