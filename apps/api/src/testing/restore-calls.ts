import type { RestoreRecord, RestoreReport } from '@wcr/shared/contracts/restore';
import { expect } from 'vitest';
import type { z } from 'zod';
import type { RestoreAccepted, RestoreView } from '../restores/restore-bodies.ts';
import { cloneCalls, jsonOf } from './clone-calls.ts';
import { ALICE, type TestApi } from './start-api.ts';

export const TARGET_PASSWORD = 'live-site-secret-42';
export const TARGET = { url: 'https://Live.Example:443/shop/', username: 'boss', password: TARGET_PASSWORD };

export type Accepted = z.infer<typeof RestoreAccepted>;

const HOUR_MS = 3_600_000;

/** What tests of restores do again and again. @param api asked at each call, for it is started by a hook. */
export function restoreCalls(api: () => TestApi) {
  const clones = cloneCalls(api);
  /** Changes a record as a worker does. */
  const patchRestore = (id: string, patch: Partial<RestoreRecord>) => api().deps.restores.change(id, () => patch);
  return {
    patchRestore,
    patchClone: clones.patchRecord,
    /** A clone that can be restored; its id. */
    async readyClone(key = ALICE): Promise<string> {
      const { clone } = await clones.accept(undefined, {}, key);
      await clones.patchRecord(clone.id, { status: 'ready' });
      return clone.id;
    },
    /** Asks for a restore and expects it to be accepted. */
    async accept(body: object, headers: Record<string, string> = {}, key = ALICE): Promise<Accepted> {
      const response = await api().call('POST', '/api/v1/restores', { body: { target: TARGET, ...body }, headers, key });
      expect(response.status).toBe(202);
      return (await response.json()) as Accepted;
    },
    /** Ends a restore as a worker does; its restore point lives an hour. */
    complete: (id: string, report: Partial<RestoreReport> = {}) =>
      patchRestore(id, { status: 'completed', endedAt: Date.now(), report: reportOf(report) }),
    view: (id: string) => jsonOf<RestoreView>(api().call('GET', `/api/v1/restores/${id}`)),
    rollBack: (id: string, key = ALICE) => api().call('POST', `/api/v1/restores/${id}/rollback`, { key }),
    jobCount: () => api().deps.queues.restore.getJobCountByTypes('waiting', 'delayed', 'active', 'prioritized'),
  };
}

/** A report as a worker writes it. */
export function reportOf(patch: Partial<RestoreReport> = {}): RestoreReport {
  return {
    dryRun: false,
    tables: [{ name: 'wp_posts', how: 'rows', inserted: 1, updated: 2, deleted: 0 }],
    tablesUnchanged: 11,
    rowsWritten: 3,
    files: { sent: 4, removed: 0, unchanged: 900, kept: 2 },
    bytesMoved: 12_345,
    replacements: 6,
    plugins: { preserved: [{ name: 'woocommerce', version: '9.1' }], changed: [] },
    themes: { preserved: [], changed: [{ name: 'storefront', version: '4.6' }] },
    targetChanges: [{ kind: 'order', what: '#1042', change: 'new', lost: false }],
    targetChangesTotal: 1,
    integrity: 'verified',
    warnings: [],
    timings: { 'compare-sites': 1_200 },
    maintenanceMs: 310,
    restorePointUntil: Date.now() + HOUR_MS,
    ...patch,
  };
}
