import type { Delivery } from '../api/webhook-calls.ts';
import { EXIT } from '../exit-codes.ts';
import { table } from '../terminal/terminal.ts';
import type { Cli } from './cli.ts';

/** `webhooks`: what was told of the end of a job, and the secret that signs it. */
export function addWebhooks({ program, run }: Cli): void {
  const webhooks = program
    .command('webhooks')
    .description('what was delivered of the end of a job, and the secret that signs it');
  webhooks
    .command('list', { isDefault: true })
    .description('the webhooks of a job, with every attempt')
    .argument('<job>', 'id of a job')
    .action((jobId, _options, self) =>
      run(self, async (session) => {
        const deliveries = await session.api.webhooks.deliveries(jobId);
        session.answer({ deliveries }, table(['WEBHOOK', 'TYPE', 'STATUS', 'TRIED', 'ANSWER'], deliveries.flatMap(rowsOf)));
        return EXIT.done;
      }),
    );
  webhooks
    .command('secret')
    .description('make the secret that signs webhooks, or another one; it is printed once')
    .action((_options, self) =>
      run(self, async (session) => {
        const made = await session.api.webhooks.rotateSecret();
        if (made.previousUntil !== null) session.note(`The secret before signs along until ${made.previousUntil}.`);
        session.answer(made, made.secret);
        return EXIT.done;
      }),
    );
}

/** A row an attempt; one for a delivery that was not tried yet. */
function rowsOf({ id, type, status, nextAttemptAt, attempts }: Delivery): string[][] {
  const tried = attempts.map((attempt) => [attempt.at, `${attempt.status ?? ''} ${attempt.code ?? ''}`.trim()]);
  const rows = tried.length === 0 ? [[nextAttemptAt ?? '', '']] : tried;
  return rows.map((cells) => [id, type, status, ...cells]);
}
