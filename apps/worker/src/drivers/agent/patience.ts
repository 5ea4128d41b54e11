import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import { TransportError } from './agent-client.ts';

/** How long a side may be silent before a copy gives up, and what that is called. */
export type PatienceOptions = {
  readonly totalMs: number;
  readonly signal: AbortSignal;
  /** Makes the error of the side that went silent. */
  exhausted(reason: string, cause: unknown): AppError;
  log(message: string): void;
  readonly firstDelayMs?: number;
};

/** Decides after each failure whether to try again; any success starts the count anew. */
export class Patience {
  readonly #options: PatienceOptions;
  #since: number | undefined;
  #failures = 0;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  succeeded(): void {
    this.#since = undefined;
    this.#failures = 0;
  }

  /** Waits before the next try, or throws: the error itself when no repeat can help, `exhausted` when the time is up. */
  async failed(error: unknown): Promise<void> {
    this.#options.signal.throwIfAborted();
    if (!mayPass(error)) throw error;
    this.#since ??= Date.now();
    this.#failures += 1;
    const reason = error instanceof Error ? error.message : String(error);
    const delay = Math.min((this.#options.firstDelayMs ?? 200) * 2 ** (this.#failures - 1), 4_000);
    if (Date.now() + delay - this.#since > this.#options.totalMs) throw this.#options.exhausted(reason, error);
    this.#options.log(`no answer (${reason}); asking again`);
    await sleep(delay, undefined, { signal: this.#options.signal });
  }

  /** Repeats `attempt` until it succeeds or patience ends. */
  async keep<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await attempt();
        this.succeeded();
        return result;
      } catch (error) {
        await this.failed(error);
      }
    }
  }
}

/** Makes the patience of one step with one side; when it ends, the side is given up with `code`. */
export function patienceFor(
  { settings }: { readonly settings: { readonly patienceMs: number } },
  code: 'source.died' | 'target.died' | 'runtime.failed',
  step: Pick<PatienceOptions, 'signal' | 'log'>,
): () => Patience {
  const exhausted = (reason: string, cause: unknown) => new AppError(code, { reason }, { cause });
  return () =>
    new Patience({ totalMs: settings.patienceMs, signal: step.signal, exhausted, log: (message) => step.log(message) });
}

const PASSING = new Set<string>(['agent.truncated', 'agent.malformed', 'agent.replayed', 'agent.failed']);

function mayPass(error: unknown): boolean {
  return error instanceof TransportError || (isAppError(error) && PASSING.has(error.code));
}
