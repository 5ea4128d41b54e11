import { expect, it } from 'vitest';
import { createSealer } from './seal.ts';

const OLD = 'ab'.repeat(32);
const NEW = 'cd'.repeat(32);

it('a sealed value opens under its key and its context only, and shows nothing of itself', () => {
  const sealer = createSealer(OLD);
  const sealed = sealer.seal({ password: 'hunter2' }, 'clone-1');
  expect(sealer.open(sealed, 'clone-1')).toEqual({ password: 'hunter2' });
  expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('hunter2');
  const attempts = [() => sealer.open(sealed, 'clone-2'), () => createSealer(NEW).open(sealed, 'clone-1')];
  for (const attempt of attempts) expect(attempt).toThrow(expect.objectContaining({ code: 'secret.unreadable' }));
  expect(() => sealer.open('nonsense', 'clone-1')).toThrow(expect.objectContaining({ code: 'secret.unreadable' }));
});

it('while keys change, each side opens what the other has sealed, and knows which is to be sealed again', () => {
  const before = createSealer(OLD, [NEW]);
  const after = createSealer(NEW, [OLD]);
  const sealed = { before: before.seal(1, 'a'), after: after.seal(2, 'a') };
  expect([before.open(sealed.after, 'a'), after.open(sealed.before, 'a')]).toEqual([2, 1]);
  expect([after.isOutdated(sealed.before), after.isOutdated(sealed.after), after.isOutdated('?')]).toEqual([true, false, true]);
  expect(() => createSealer(NEW).open(sealed.before, 'a')).toThrow();
});

it('a key of another length is refused', () => {
  expect(() => createSealer('ab')).toThrow(TypeError);
  expect(() => createSealer(OLD, ['ab'])).toThrow(TypeError);
});
