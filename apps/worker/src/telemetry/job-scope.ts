import { AsyncLocalStorage } from 'node:async_hooks';

/** What a worker is busy with: the same for everything that is called meanwhile, drivers included. */
export type JobScope = {
  readonly queue: string;
  readonly jobId: string;
  readonly requestId?: string | undefined;
  readonly step?: string | undefined;
  /** Names one attempt at the job; secrets are known for as long as it takes. */
  readonly attempt: string;
};

const scopes = new AsyncLocalStorage<JobScope>();

/** Runs `body` as part of a job, whose ids stand in every log line from there. */
export function inJobScope<T>(scope: JobScope, body: () => T): T {
  return scopes.run(scope, body);
}

/** Runs `body` as a step of the job that runs. */
export function inStepScope<T>(step: string, body: () => T): T {
  const scope = scopes.getStore();
  return scope === undefined ? body() : scopes.run({ ...scope, step }, body);
}

/** The fields of a log line that say what it belongs to. */
export function jobFields(): Omit<JobScope, 'attempt'> | undefined {
  const scope = scopes.getStore();
  if (scope === undefined) return undefined;
  const { attempt: _, ...fields } = scope;
  return fields;
}

export function currentAttempt(): string | undefined {
  return scopes.getStore()?.attempt;
}
