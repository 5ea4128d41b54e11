import { createInterface } from 'node:readline';
import confirm from '@inquirer/confirm';
import password from '@inquirer/password';
import { AppError } from '@wcr/shared/errors/app-error';
import { usage } from '../config/cli-config.ts';
import type { Terminal } from './terminal.ts';

/** Asks for a secret, which is not shown. @throws AppError `cli.interrupted` */
export function askSecret(terminal: Terminal, message: string): Promise<string> {
  return asked(() => password({ message, mask: true }, contextOf(terminal)));
}

/** Asks for a yes; no is what silence means. @throws AppError `cli.interrupted` */
export function askYes(terminal: Terminal, message: string): Promise<boolean> {
  return asked(() => confirm({ message, default: false }, contextOf(terminal)));
}

/** The first line of the standard input. @throws AppError `cli.usage` when there is none */
export async function readSecretLine({ stdin }: Terminal): Promise<string> {
  for await (const line of createInterface({ input: stdin, terminal: false })) {
    if (line !== '') return line;
    break;
  }
  throw usage('Standard input holds no secret in its first line.');
}

/** Standard output is for the answer: questions go elsewhere. */
function contextOf({ stdin, stderr }: Terminal) {
  return { input: stdin, output: stderr };
}

async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ExitPromptError') throw error;
    throw new AppError('cli.interrupted', { what: 'Nothing was started.', next: 'Run the command again when you are ready.' });
  }
}
