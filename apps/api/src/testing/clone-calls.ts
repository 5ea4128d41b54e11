import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { expect } from 'vitest';
import type { z } from 'zod';
import type { CloneAccepted } from '../clones/clone-bodies.ts';
import { ALICE, type TestApi } from './start-api.ts';

export const PASSWORD = 'hunter2-very-secret';
export const SOURCE = { url: 'https://Shop.Example:443/blog/', username: 'admin', password: PASSWORD };

export type Accepted = z.infer<typeof CloneAccepted>;

/** What tests of clones do again and again. @param api asked at each call, for it is started by a hook. */
export function cloneCalls(api: () => TestApi) {
  return {
    /** Asks for a clone and expects it to be accepted. */
    async accept(body: object = { source: SOURCE }, headers: Record<string, string> = {}, key = ALICE): Promise<Accepted> {
      const response = await api().call('POST', '/api/v1/clones', { body, headers, key });
      expect(response.status).toBe(202);
      return (await response.json()) as Accepted;
    },
    /** Changes a record as a worker does. */
    patchRecord: (id: string, patch: Partial<CloneRecord>) => api().deps.clones.change(id, () => patch),
    jobCount: () => api().deps.queues.clone.getJobCountByTypes('waiting', 'delayed', 'active', 'prioritized'),
  };
}

export async function jsonOf<Body>(response: Promise<Response>): Promise<Body> {
  return (await (await response).json()) as Body;
}

/** The error of an answer, whose envelope must be whole. */
export async function errorOf(response: Response) {
  const { error } = (await response.json()) as { error: { code: string; message: string; hint: string; requestId: string } };
  expect(error.hint).not.toBe('');
  expect(error.requestId).toBe(response.headers.get('x-request-id'));
  return { status: response.status, code: error.code, message: error.message };
}
