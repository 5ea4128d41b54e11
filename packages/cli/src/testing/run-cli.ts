import { PassThrough } from 'node:stream';
import { runCommandLine } from '../command-line.ts';
import type { Environment } from '../config/cli-config.ts';

export type Ran = { readonly code: number; readonly out: string; readonly err: string };
type Options = { readonly env?: Environment; readonly input?: string; readonly isTTY?: boolean; readonly signal?: AbortSignal };

/** Runs a command line in this process. @param line its words, separated by blanks */
export async function runCli(url: string, line: string, options: Options = {}): Promise<Ran> {
  const { env = {}, input, isTTY = false, signal = new AbortController().signal } = options;
  const [stdin, stdout, stderr] = [stream(isTTY), stream(isTTY), stream(isTTY)];
  const written = { out: '', err: '' };
  stdout.on('data', (chunk) => {
    written.out += chunk;
  });
  stderr.on('data', (chunk) => {
    written.err += chunk;
    // Whoever sits at a terminal answers when asked.
    if (isTTY && input !== undefined && String(chunk).includes('?')) setTimeout(() => stdin.write(input), 10);
  });
  if (!isTTY) stdin.end(input ?? '');
  const terminal = {
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
  };
  const surroundings = { terminal, signal, env: { WCR_API_URL: url, WCR_API_KEY: 'the-api-key', ...env } };
  const code = await runCommandLine(line.split(' ').filter(Boolean), surroundings);
  return { code, ...written };
}

/** A stream that may be taken for a terminal. */
function stream(isTTY: boolean): PassThrough {
  return Object.assign(new PassThrough(), { isTTY, columns: 120, getColorDepth: () => 1, hasColors: () => false });
}
