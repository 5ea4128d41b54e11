import { AppError } from '@wcr/shared/errors/app-error';

/** An agent ends a slice at 64 MiB, or behind the one frame that is larger; this is what both can be together, and again. */
export const MAX_ANSWER_BYTES = 256 << 20;

export type AnswerLimits = {
  readonly maxBytes?: number;
  /** Milliseconds of waiting after which an answer must have come at `bytesPerSecond`. */
  readonly graceMs?: number;
  readonly bytesPerSecond?: number;
  /** Milliseconds, ever growing. */
  readonly clock?: () => number;
};

/** The line is there, but an answer would never be whole. */
export class SlowAnswerError extends Error {
  override readonly name = 'SlowAnswerError';
}

/**
 * Hands an answer's bytes on while it behaves like one: a site may send without an end, or a byte a minute. Time in which
 * nobody takes the bytes does not count.
 * @throws AppError `agent.malformed` for an answer without an end; SlowAnswerError for one that drips
 */
export async function* boundAnswer(chunks: AsyncIterable<Uint8Array>, limits: AnswerLimits = {}): AsyncGenerator<Uint8Array> {
  const { maxBytes = MAX_ANSWER_BYTES, graceMs = 60_000, bytesPerSecond = 512, clock = () => performance.now() } = limits;
  let bytes = 0;
  let waitedMs = 0;
  let asked = clock();
  for await (const chunk of chunks) {
    waitedMs += clock() - asked;
    bytes += chunk.length;
    if (bytes > maxBytes) throw new AppError('agent.malformed', { reason: 'the answer has no end' });
    if (waitedMs > graceMs && bytes < (waitedMs / 1000) * bytesPerSecond) throw new SlowAnswerError('the answer drips');
    yield chunk;
    asked = clock();
  }
}
