import tab from '@bomb.sh/tab/commander';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { Command } from 'commander';
import type { Envelope } from './api/answers.ts';
import { ReportedFailure } from './api/reported-failure.ts';
import { type Cli, createCli, isCommandLineEnd } from './commands/cli.ts';
import { addClone } from './commands/clone.ts';
import { addClones } from './commands/clones.ts';
import { addJobs } from './commands/jobs.ts';
import { addKeys } from './commands/keys.ts';
import { addRestore, addRollback } from './commands/restore.ts';
import { addWebhooks } from './commands/webhooks.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts';
import type { Surroundings } from './session.ts';
import { styled, withoutControls } from './terminal/terminal.ts';

/** Runs one command line. @param args what stands behind the program's name @returns the exit code */
export async function runCommandLine(args: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const cli = createCli(surroundings);
  addCommands(cli);
  try {
    await cli.program.parseAsync([...args], { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    const failure = surroundings.signal.aborted ? asInterruption(error) : error;
    return tell(failure, cli.program.opts().json ?? false, surroundings);
  }
}

function addCommands(cli: Cli): void {
  addClone(cli);
  addClones(cli);
  addRestore(cli);
  addRollback(cli);
  addJobs(cli);
  addKeys(cli);
  addWebhooks(cli);
  // Last: it completes what it finds. It knows commands by their untyped form.
  tab(cli.program as unknown as Command, { completionCommandName: 'completion' });
}

/** A call that was cut off may have reached the service. */
function asInterruption(error: unknown): AppError {
  if (isAppError(error) && error.code === 'cli.interrupted') return error;
  return new AppError('cli.interrupted', {
    what: 'The service may have begun what it was asked for.',
    next: 'See what goes on: clone-restore jobs.',
  });
}

/** Says what went wrong: an envelope for scripts, sentences for people. */
function tell(error: unknown, isJson: boolean, { terminal: { stderr } }: Surroundings): ExitCode {
  if (isCommandLineEnd(error)) return tellUsage(error, isJson, stderr);
  const envelope = envelopeOf(error);
  const { code, message, hint } = envelope.error;
  const people = `${styled(stderr, 'red', withoutControls(message))} (${code})\n${withoutControls(hint)}`;
  stderr.write(`${isJson ? JSON.stringify(envelope) : people}\n`);
  return exitCodeOf(error);
}

/** People have been told already, by the library. */
function tellUsage(error: { exitCode: number; message: string }, isJson: boolean, stderr: NodeJS.WriteStream): ExitCode {
  if (error.exitCode === 0) return EXIT.done;
  const reason = error.message.replace(/^error: /, '');
  if (isJson) stderr.write(`${JSON.stringify(envelopeOf(new AppError('cli.usage', { reason })))}\n`);
  return EXIT.usage;
}

function envelopeOf(error: unknown): Envelope {
  if (error instanceof ReportedFailure) return error.envelope;
  const { code, message, hint } = isAppError(error) ? error : unexpected(error);
  return { error: { code, message, hint } };
}

function unexpected(error: unknown): Envelope['error'] {
  const { code, hint } = new AppError('internal.unexpected');
  return { code, message: error instanceof Error ? error.message : String(error), hint };
}
