import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { ExitCode } from '../exit-codes.ts';
import { openSession, type Session, type SessionOptions, type Surroundings } from '../session.ts';

/** The command line while it is put together and run. */
export type Cli = {
  readonly program: Command<[], SessionOptions>;
  /** Runs what a command does with a session, and keeps its exit code. */
  run(command: CommandUnknownOpts, work: (session: Session) => Promise<ExitCode>): Promise<void>;
  readonly exitCode: ExitCode;
};

/** The program with the options that every command has; commands are added to it. */
export function createCli(surroundings: Surroundings): Cli {
  const { stdout, stderr } = surroundings.terminal;
  const program: Cli['program'] = new Command('clone-restore')
    .description('Clone live WordPress sites, and restore what was changed in a clone.')
    .option('--api-url <url>', 'address of the service (or WCR_API_URL)')
    .option('--api-key-file <file>', 'file with the API key (or WCR_API_KEY)')
    .option('--json', 'one JSON object as the answer, errors as JSON on standard error')
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 refused, 4 service unreachable, 130 interrupted.')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void (program.opts().json || stderr.write(text)),
    });
  let exitCode: ExitCode = 0;
  return {
    program,
    async run(command, work) {
      exitCode = await work(openSession(command.optsWithGlobals(), surroundings));
    },
    get exitCode() {
      return exitCode;
    },
  };
}

/** True when the command line itself was wrong, or only asked for help. */
export function isCommandLineEnd(error: unknown): error is CommanderError {
  return error instanceof CommanderError;
}
