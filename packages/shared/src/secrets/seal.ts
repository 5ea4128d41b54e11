import { createCipheriv, createDecipheriv, createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { AppError } from '../errors/app-error.ts';

const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 2;
const HEAD_BYTES = 1 + KEY_ID_BYTES;

/** Encrypts and authenticates JSON values under one 256-bit key (AES-256-GCM). */
export type Sealer = {
  /** @param context bound to the ciphertext: a sealed value only opens under the context it was sealed for. */
  seal(value: unknown, context: string): string;
  /** @throws AppError `secret.unreadable` when no key, the context or the text is another one. */
  open(sealed: string, context: string): unknown;
  /** True for what was sealed under another key than new values are, or under none that we know. */
  isOutdated(sealed: string): boolean;
};

type SealingKey = { readonly id: Buffer; readonly key: KeyObject };

/**
 * Sealed text is base64url of: version, first bytes of the key's SHA-256, nonce, tag, ciphertext. So it tells which key opens
 * it, and nothing of the key.
 * @param keyHex 64 hex digits, from `WCR_SECRETS_KEY`
 * @param othersHex keys that open but do not seal, from `WCR_SECRETS_KEYS_OTHER`: those before and after a change of keys
 */
export function createSealer(keyHex: string, othersHex: readonly string[] = []): Sealer {
  const own = sealingKey(keyHex);
  const keys = [own, ...othersHex.map(sealingKey)];
  return {
    seal(value, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', own.key, nonce).setAAD(Buffer.from(context));
      const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.from([VERSION]), own.id, nonce, cipher.getAuthTag(), text]).toString('base64url');
    },
    open(sealed, context) {
      try {
        const bytes = Buffer.from(sealed, 'base64url');
        const body = bytes.subarray(HEAD_BYTES);
        const decipher = createDecipheriv('aes-256-gcm', keyOf(bytes, keys), body.subarray(0, NONCE_BYTES));
        decipher.setAAD(Buffer.from(context)).setAuthTag(body.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        const text = Buffer.concat([decipher.update(body.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
        return JSON.parse(text.toString('utf8'));
      } catch (cause) {
        throw new AppError('secret.unreadable', {}, { cause });
      }
    },
    isOutdated: (sealed) => !isUnder(Buffer.from(sealed, 'base64url'), own),
  };
}

function sealingKey(hex: string): SealingKey {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length !== 32) throw new TypeError('the secrets key must be 64 hex digits');
  return { id: createHash('sha256').update(bytes).digest().subarray(0, KEY_ID_BYTES), key: createSecretKey(bytes) };
}

function isUnder(sealed: Buffer, { id }: SealingKey): boolean {
  return sealed[0] === VERSION && sealed.subarray(1, HEAD_BYTES).equals(id);
}

function keyOf(sealed: Buffer, keys: readonly SealingKey[]): KeyObject {
  const found = keys.find((candidate) => isUnder(sealed, candidate));
  if (found === undefined) throw new Error('sealed under another key, or not sealed at all');
  return found.key;
}
