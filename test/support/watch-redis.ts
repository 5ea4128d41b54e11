import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/** `+<time> [<database> <client>] "<command>" "<argument>"…` */
const LINE = /^\+[\d.]+ \[(\d+) [^\]]*\] (.*)$/;
const QUOTED = /"((?:[^"\\]|\\.)*)"/g;
const ESCAPED = /\\(x[\da-f]{2}|.)/g;
const SIGNS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

/**
 * Every command that one database of a Redis is sent from now on, with its arguments: also what is gone a moment later. Reads MONITOR
 * by itself, since ioredis 6 stumbles over a command that comes in the same packet as the answer to MONITOR.
 */
export async function watchRedis(url: string): Promise<Disposable & { readonly commands: string[] }> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const lines = createInterface({ input: socket.setEncoding('latin1') });
  const commands: string[] = [];
  // From the first line on: a command may come in one packet with the answer.
  lines.on('line', (line: string) => {
    const [, database, command = ''] = LINE.exec(line) ?? [];
    if (database === (pathname.slice(1) || '0')) commands.push(readArguments(command).join(' '));
  });
  socket.write('MONITOR\r\n');
  const [answer] = await once(lines, 'line');
  if (answer !== '+OK') throw new Error(`MONITOR was answered with ${answer}`);
  return {
    commands,
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

function readArguments(text: string): string[] {
  return [...text.matchAll(QUOTED)].map(([, quoted = '']) => {
    const bytes = quoted.replaceAll(ESCAPED, (_, sign: string) =>
      sign.length === 3 ? String.fromCharCode(Number.parseInt(sign.slice(1), 16)) : (SIGNS[sign] ?? sign),
    );
    return Buffer.from(bytes, 'latin1').toString('utf8');
  });
}
