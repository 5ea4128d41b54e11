import { createRedactor } from '@wcr/shared/telemetry/redactor';
import { expect, it } from 'vitest';
import { inJobScope, inStepScope } from './job-scope.ts';
import { createLogger } from './logger.ts';

function capture() {
  const redactor = createRedactor();
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { redactor, lines, logger: createLogger({ logLevel: 'info', logPretty: false, redactor, destination }) };
}

it('the logger hides secrets by name and by value, also in errors and what caused them', () => {
  const { redactor, lines, logger } = capture();
  redactor.add('hunter2-hunter2');
  logger.info({ source: { password: 'unknown to the redactor' }, pairingKey: 'so is this' }, 'start');
  const cause = Object.assign(new Error('AUTH hunter2-hunter2'), { command: { args: ['not for anybody'] } });
  logger.error({ err: new Error('login with hunter2-hunter2 failed', { cause }) }, 'failed');
  const text = lines.join('');
  expect(text).not.toMatch(/hunter2|unknown to|so is this|not for anybody/);
  expect(text).toContain('AUTH [secret]');
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['start', 'failed']);
});

it('a line says which job and step it belongs to, whoever writes it', async () => {
  const { lines, logger } = capture();
  const scope = { queue: 'clone', jobId: 'clone-1', requestId: 'request-1', attempt: 'a' };
  await inJobScope(scope, async () => {
    logger.info('before');
    await inStepScope('copy-rows', async () => {
      await Promise.resolve();
      logger.warn({ queue: 'of the line' }, 'within');
    });
    logger.info('after');
  });
  logger.info('outside');
  const job = { queue: 'clone', jobId: 'clone-1', requestId: 'request-1' };
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ ...job, msg: 'before' }),
    expect.objectContaining({ ...job, queue: 'of the line', step: 'copy-rows', msg: 'within' }),
    expect.objectContaining({ ...job, msg: 'after' }),
    expect.not.objectContaining({ jobId: expect.anything() }),
  ]);
  // A key that stands twice in a line is legal JSON, and means something else to each reader.
  for (const line of lines) expect(line.match(/"queue":/g)?.length ?? 0).toBeLessThan(2);
});
