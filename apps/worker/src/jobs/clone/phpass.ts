import { createHash, randomBytes } from 'node:crypto';

const ITOA64 = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ROUNDS_LOG2 = 13;

/**
 * WordPress's portable password hash (`$P$`), which every WordPress accepts; newer ones replace it at the first login.
 * Algorithm: phpass "portable hashes", salted and iterated MD5.
 */
export function hashPassword(password: string, salt: string = randomSalt()): string {
  const text = Buffer.from(password, 'utf8');
  let digest = md5(Buffer.from(salt, 'latin1'), text);
  for (let round = 0; round < 2 ** ROUNDS_LOG2; round += 1) digest = md5(digest, text);
  return `$P$${ITOA64[ROUNDS_LOG2]}${salt}${encode64(digest)}`;
}

function md5(...parts: Buffer[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function randomSalt(): string {
  return Array.from(randomBytes(8), (byte) => ITOA64[byte & 63]).join('');
}

/** Little-endian groups of three bytes as four characters, as phpass encodes. */
function encode64(bytes: Buffer): string {
  let out = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const left = Math.min(3, bytes.length - at);
    let group = 0;
    for (let index = 0; index < left; index += 1) group |= (bytes[at + index] ?? 0) << (8 * index);
    for (let index = 0; index <= left; index += 1) out += ITOA64[(group >> (6 * index)) & 63];
  }
  return out;
}
