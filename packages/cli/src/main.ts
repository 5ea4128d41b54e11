#!/usr/bin/env node
import { runCommandLine } from './command-line.ts';

const { stdin, stdout, stderr } = process;
const interrupted = new AbortController();

// Once: a second Ctrl-C ends the program at once.
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());
// Whoever reads the answer may have seen enough.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await runCommandLine(process.argv.slice(2), {
  terminal: { stdin, stdout, stderr },
  env: process.env,
  signal: interrupted.signal,
});
