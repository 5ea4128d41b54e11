import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { createCloneId } from '@wcr/shared/domain/clone-id';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CloneSpec, Runtime } from './runtime.types.ts';

/** A runtime to examine, with what only its kind can tell. */
export type RuntimeUnderTest = AsyncDisposable & {
  readonly runtime: Runtime;
  /** Another instance over the same clones, as another worker would have. */
  another(): Promise<Runtime>;
  /** Leaves a clone as a worker does that is killed in the middle of `ensure`. */
  makePartial(record: CloneRecord): Promise<void>;
  /** Everything of a clone that still exists, in words; empty when nothing is left. */
  findLeftovers(cloneId: string): Promise<string[]>;
};

const HOUR_MS = 3_600_000;
const signal = new AbortController().signal;

/** A spec of a clone nobody has, that lives for an hour. */
export function createCloneSpec(patch: Partial<CloneRecord> = {}): CloneSpec {
  const now = Date.now();
  const record: CloneRecord = {
    id: createCloneId(),
    url: 'http://clones.test/unset',
    status: 'provisioning',
    owner: 'tester',
    sourceUrl: 'https://shop.example',
    jobId: 'job-1',
    createdAt: now,
    expiresAt: now + HOUR_MS,
    ...patch,
  };
  return { record, tablePrefix: 'wp_', databaseCharset: 'utf8mb4', databaseCollation: 'utf8mb4_unicode_520_ci' };
}

/** What every runtime must do. `create` is called once; clones of different tests never meet. */
export function runRuntimeContract(name: string, create: () => Promise<RuntimeUnderTest>): void {
  describe(`the ${name} runtime`, () => {
    let under: RuntimeUnderTest;
    const use = (): Runtime => under.runtime;
    beforeAll(async () => {
      under = await create();
    });
    afterAll(() => under?.[Symbol.asyncDispose]());

    it('answers the same for the same clone, however often it is ensured', async () => {
      const spec = createCloneSpec();
      const first = await use().ensure(spec, signal);
      expect(await use().ensure(spec, signal)).toEqual(first);
      expect(first).toMatchObject({ record: spec.record, url: use().addressOf(spec.record.id) });
      expect(first.pairingKey).toMatch(/^[0-9a-f]{64}$/);
      expect(first.rootPath).toMatch(/^\/.*\/$/);
      expect((await use().list()).filter((record) => record.id === spec.record.id)).toHaveLength(1);
    });

    it('answers two workers that ensure the same clone at once alike', async () => {
      const spec = createCloneSpec();
      const other = await under.another();
      const [one, two] = await Promise.all([use().ensure(spec, signal), other.ensure(spec, signal)]);
      expect(two).toEqual(one);
    });

    it('completes a clone that was left half made', async () => {
      const spec = createCloneSpec();
      await under.makePartial(spec.record);
      expect(await use().read(spec.record.id)).toEqual(spec.record);
      const handle = await use().ensure(spec, signal);
      await use().awaitReady(spec.record.id, signal);
      expect(await use().open(spec.record.id)).toEqual(handle);
    });

    it('makes the agent of a new clone answer', async () => {
      const spec = createCloneSpec();
      await use().ensure(spec, signal);
      await expect(use().awaitReady(spec.record.id, signal)).resolves.toBeUndefined();
    });

    it('remembers clones and their credentials beyond the worker that made them', async () => {
      const spec = createCloneSpec({ name: 'a name' });
      const handle = await use().ensure(spec, signal);
      const other = await under.another();
      expect(await other.read(spec.record.id)).toEqual(spec.record);
      expect(await other.open(spec.record.id)).toEqual(handle);
      expect(await other.list()).toContainEqual(spec.record);
    });

    it('merges updates of two workers without losing one', async () => {
      const spec = createCloneSpec();
      await use().ensure(spec, signal);
      const other = await under.another();
      const { id } = spec.record;
      await Promise.all([use().update(id, { status: 'ready', readyAt: 1 }), other.update(id, { name: 'new', expiresAt: 2 })]);
      const expected = { ...spec.record, status: 'ready', readyAt: 1, name: 'new', expiresAt: 2 };
      expect(await use().read(id)).toEqual(expected);
      expect(await other.update(id, { name: 'newer' })).toEqual({ ...expected, name: 'newer' });
    });

    it('does not take a ready clone for unfinished again', async () => {
      const spec = createCloneSpec();
      await use().ensure(spec, signal);
      await use().update(spec.record.id, { status: 'ready' });
      expect(await use().update(spec.record.id, { status: 'copying' })).toMatchObject({ status: 'ready' });
      expect(await use().read(spec.record.id)).toMatchObject({ status: 'ready' });
    });

    it('does not bring an expiring clone back', async () => {
      const spec = createCloneSpec();
      await use().ensure(spec, signal);
      await use().update(spec.record.id, { status: 'expiring' });
      expect(await use().update(spec.record.id, { status: 'ready' })).toMatchObject({ status: 'expiring' });
      await expect(use().ensure(spec, signal)).rejects.toMatchObject({ code: 'clone.not_ready' });
    });

    it('knows nothing of a clone that was never there', async () => {
      const { id } = createCloneSpec().record;
      expect(await use().read(id)).toBeUndefined();
      expect(await use().open(id)).toBeUndefined();
      expect(await use().update(id, { status: 'ready' })).toBeUndefined();
      await expect(use().awaitReady(id, signal)).rejects.toMatchObject({ code: 'clone.not_found' });
      await expect(use().remove(id, signal)).resolves.toBeUndefined();
      expect(await use().read(id)).toBeUndefined();
    });

    it('leaves nothing of a removed clone, and removes it any number of times', async () => {
      const spec = createCloneSpec();
      const { id } = spec.record;
      await use().ensure(spec, signal);
      await use().awaitReady(id, signal);
      expect(await under.findLeftovers(id)).not.toEqual([]);
      const other = await under.another();
      await Promise.all([use().remove(id, signal), other.remove(id, signal)]);
      expect(await under.findLeftovers(id)).toEqual([]);
      await use().remove(id, signal);
      expect(await use().read(id)).toBeUndefined();
      expect(await use().open(id)).toBeUndefined();
      expect((await use().list()).map((record) => record.id)).not.toContain(id);
    });

    it('removes a clone that was left half made', async () => {
      const { record } = createCloneSpec();
      await under.makePartial(record);
      await use().remove(record.id, signal);
      expect(await under.findLeftovers(record.id)).toEqual([]);
    });

    it('leaves the neighbours of a removed clone alone', async () => {
      const [gone, stays] = [createCloneSpec(), createCloneSpec()];
      await use().ensure(gone, signal);
      const handle = await use().ensure(stays, signal);
      await use().remove(gone.record.id, signal);
      await use().awaitReady(stays.record.id, signal);
      expect(await use().open(stays.record.id)).toEqual(handle);
    });

    it('does nothing for a job that was aborted', async () => {
      const spec = createCloneSpec();
      await expect(use().ensure(spec, AbortSignal.abort())).rejects.toThrow();
      expect(await use().read(spec.record.id)).toBeUndefined();
    });
  });
}
