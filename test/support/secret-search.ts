import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export type Secrets = Readonly<Record<string, string>>;

/**
 * The names of the secrets that stand in a text, in any form that could be turned back: as they are, in JSON (also twice), in
 * addresses and forms, in HTML, in hex, and in base64 wherever they begin within what is encoded.
 */
export function findSecrets(text: string | Buffer, secrets: Secrets): string[] {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return Object.entries(secrets)
    .filter(([, secret]) => formsOf(secret).some((form) => bytes.includes(form)))
    .map(([name]) => name);
}

/** Every form of a secret that is looked for. */
function formsOf(secret: string): string[] {
  const json = inJson(secret);
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const base64 = [0, 1, 2].map((offset) => stableBase64(bytes, offset));
  return [
    ...[secret, json, inJson(json), json.replaceAll('/', '\\/')],
    ...[encodeURIComponent(secret), new URLSearchParams({ '': secret }).toString().slice(1)],
    ...[inHtml(secret), hex, hex.toUpperCase()],
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function inHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#039;');
}

/** What base64 makes of a secret that begins `offset` bytes behind a group of three, whatever stands beside it. */
function stableBase64(secret: Buffer, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), secret]);
  // Each character holds six bits; the first and the last may hold some of the neighbours'.
  return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
}

/** Files below a folder that hold secrets: `<path> <name of the secret>`. */
export function findInFiles(dir: string, secrets: Secrets, isLeftOut: (path: string) => boolean): string[] {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !isLeftOut(relative(dir, file)))
    .flatMap((file) => findSecrets(readFileSync(file), secrets).map((name) => `${relative(dir, file)} ${name}`));
}
