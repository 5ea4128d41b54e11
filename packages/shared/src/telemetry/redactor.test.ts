import { expect, it } from 'vitest';
import { createRedactor } from './redactor.ts';

const SECRET = 'p@ss "wörd" & more';

it.each([
  ['as it is', SECRET],
  ['in a URL', encodeURIComponent(SECRET)],
  ['in a form', new URLSearchParams({ pwd: SECRET }).toString()],
  ['in JSON', JSON.stringify({ a: SECRET })],
  ['in JSON inside of JSON', JSON.stringify(JSON.stringify({ a: SECRET }))],
  ['in base64', Buffer.from(SECRET).toString('base64')],
])('cuts out a secret %s', (_how, text) => {
  const redactor = createRedactor();
  redactor.add(SECRET);
  const clean = redactor.redact(`before ${text} after`);
  expect(clean).toContain('[secret]');
  expect(clean).not.toMatch(/rd|cEBz/);
  expect(clean).toMatch(/^before .* after$/);
});

it('cuts out a secret as a whole that begins with one that was known before', () => {
  const redactor = createRedactor();
  redactor.add('correct horse', 'correct horse battery staple');
  expect(redactor.redact('it is correct horse battery staple')).toBe('it is [secret]');
});

it('leaves text alone that short or missing secrets would cut to pieces', () => {
  const redactor = createRedactor();
  redactor.add('a', '', undefined);
  expect(redactor.redact('a banana')).toBe('a banana');
});

it('forgets the oldest first', () => {
  const redactor = createRedactor({ maxForms: 4 });
  redactor.add('first-secret');
  redactor.add('second-secret');
  redactor.add('third-secret');
  expect(redactor.redact('third-secret')).toBe('[secret]');
  expect(redactor.redact('first-secret')).toBe('first-secret');
});

it('forgets what was opened for one piece of work when that is over, and keeps what others still work with', () => {
  const work = { now: undefined as string | undefined };
  const redactor = createRedactor({ holder: () => work.now });
  redactor.add('of-the-process');
  work.now = 'one';
  redactor.add('of-one-alone', 'of-one-and-two');
  work.now = 'two';
  redactor.add('of-one-and-two');
  redactor.forget('one');
  expect(redactor.redact('of-the-process of-one-alone of-one-and-two')).toBe('[secret] of-one-alone [secret]');
});
