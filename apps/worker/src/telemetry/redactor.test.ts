import { expect, it } from 'vitest';
import { createLogger } from './logger.ts';
import { createRedactor } from './redactor.ts';

const SECRET = 'p@ss "wörd" & more';

it.each([
  ['as it is', SECRET],
  ['in a URL', encodeURIComponent(SECRET)],
  ['in a form', new URLSearchParams({ pwd: SECRET }).toString()],
  ['in JSON', JSON.stringify({ a: SECRET })],
  ['in base64', Buffer.from(SECRET).toString('base64')],
])('cuts out a secret %s', (_how, text) => {
  const redactor = createRedactor();
  redactor.add(SECRET);
  const clean = redactor.redact(`before ${text} after`);
  expect(clean).toContain('[secret]');
  expect(clean).not.toMatch(/rd|cEBz/);
  expect(clean).toMatch(/^before .* after$/);
});

it('leaves text alone that short or missing secrets would cut to pieces', () => {
  const redactor = createRedactor();
  redactor.add('a', '', undefined);
  expect(redactor.redact('a banana')).toBe('a banana');
});

it('forgets the oldest first', () => {
  const redactor = createRedactor(4);
  redactor.add('first-secret');
  redactor.add('second-secret');
  redactor.add('third-secret');
  expect(redactor.redact('third-secret')).toBe('[secret]');
  expect(redactor.redact('first-secret')).toBe('first-secret');
});

it('the logger hides secrets by name and by value, also in errors', () => {
  const redactor = createRedactor();
  redactor.add('hunter2-hunter2');
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ logLevel: 'info', logPretty: false, redactor, destination });
  logger.info({ source: { password: 'unknown to the redactor' }, pairingKey: 'so is this' }, 'start');
  logger.error({ err: new Error('login with hunter2-hunter2 failed') }, 'failed');
  const text = lines.join('');
  expect(text).not.toMatch(/hunter2|unknown to|so is this/);
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['start', 'failed']);
});
