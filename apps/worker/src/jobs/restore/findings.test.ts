import type { TargetChange } from '@wcr/shared/contracts/restore';
import { expect, it } from 'vitest';
import { mergeChanges, noChanges, noteChange, refuseLosses } from './findings.ts';

const change = (what: string, lost: boolean): TargetChange => ({ kind: 'post', what, change: 'changed', lost });

it('tells what would be lost before what is only news, however late it was found', () => {
  const changes = noChanges();
  for (let at = 0; at < 250; at += 1) noteChange(changes, change(`news ${at}`, false), false);
  noteChange(changes, change('loss', true), false);
  expect(changes).toMatchObject({ total: 251, blocking: 1, blockingNames: ['post loss'] });
  expect(changes.told).toHaveLength(200);
  expect(mergeChanges([changes]).told[0]).toEqual(change('loss', true));
});

it('adds up what was found of several tables and names five at the most', () => {
  const [a, b] = [noChanges(), noChanges()];
  for (let at = 0; at < 4; at += 1) for (const part of [a, b]) noteChange(part, change(`${at}`, true), false);
  const all = mergeChanges([a, b]);
  expect(all).toMatchObject({ total: 8, blocking: 8, blockingNames: ['post 0', 'post 1', 'post 2', 'post 3', 'post 0'] });
  expect(() => refuseLosses(all, { overwriteTargetChanges: false })).toThrow(
    expect.objectContaining({ code: 'restore.target_changed', detail: { count: 8, what: expect.stringMatching(/, …$/) } }),
  );
});

it('goes on when nothing is lost, when losing it is allowed, and when both sites change such things by themselves', () => {
  const lenient = noChanges();
  noteChange(lenient, change('option', true), true);
  const lost = noChanges();
  noteChange(lost, change('post', true), false);
  expect(() => refuseLosses(lenient, { overwriteTargetChanges: false })).not.toThrow();
  expect(() => refuseLosses(lost, { overwriteTargetChanges: true })).not.toThrow();
});
