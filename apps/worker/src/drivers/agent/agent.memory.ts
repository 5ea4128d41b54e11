import type { Frame } from '@wcr/shared/contracts/agent-frames';
import { AppError } from '@wcr/shared/errors/app-error';
import { Patience } from './patience.ts';

/** A frame as agents in tests answer it. */
export function frame(kind: Frame['kind'], meta: object, data: Buffer = Buffer.alloc(0)): Frame {
  return { kind, meta: meta as Frame['meta'], data };
}

/** Patience of a second, for tests. */
export function patience(): Patience {
  const exhausted = (reason: string) => new AppError('target.died', { reason });
  const { signal } = new AbortController();
  return new Patience({ totalMs: 1_000, signal, exhausted, log: () => undefined, firstDelayMs: 1 });
}
