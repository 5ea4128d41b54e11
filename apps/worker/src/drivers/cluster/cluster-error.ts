import { AppError } from '@wcr/shared/errors/app-error';
import { z } from 'zod';

/** What the API says of a request that it did not do. */
export type Refusal = {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly retryAfterMs: number;
};

const Status = z.object({ reason: z.string().optional(), message: z.string().optional() });

export function refusalOf(status: number, body: string, retryAfter: string | undefined): Refusal {
  const { reason = '', message = body.slice(0, 300) } = readStatus(body);
  return { status, reason, message, retryAfterMs: (Number(retryAfter) || 0) * 1000 };
}

/** Whether the same request may succeed a moment later. */
export function isPassing({ status, reason }: Refusal): boolean {
  return status === 429 || status === 500 || status > 501 || reason === 'ServerTimeout';
}

/** The named error for a refusal; what the API says names objects and fields, never their values. */
export function errorOf(refusal: Refusal, what: string): AppError {
  const reason = `${what}: ${refusal.message}`;
  if (refusal.status === 403 && /exceeded quota/.test(refusal.message)) return new AppError('runtime.quota_exceeded', { reason });
  if (refusal.status === 401 || refusal.status === 403) return new AppError('runtime.cluster_forbidden', { reason });
  if (isPassing(refusal)) return new AppError('runtime.cluster_unreachable', { reason });
  return new AppError('runtime.failed', { reason });
}

function readStatus(body: string): z.infer<typeof Status> {
  try {
    return Status.parse(JSON.parse(body));
  } catch {
    return {};
  }
}
