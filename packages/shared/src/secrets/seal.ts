import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { AppError } from '../errors/app-error.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 1;

/** Encrypts and authenticates JSON values under one 256-bit key (AES-256-GCM). */
export type Sealer = {
  /** @param context bound to the ciphertext: a sealed value only opens under the context it was sealed for. */
  seal(value: unknown, context: string): string;
  /** @throws AppError `secret.unreadable` when the key, the context or the text is another one. */
  open(sealed: string, context: string): unknown;
};

/** @param keyHex 64 hex digits, from `WCR_SECRETS_KEY`. */
export function createSealer(keyHex: string): Sealer {
  const bytes = Buffer.from(keyHex, 'hex');
  if (bytes.length !== 32) throw new TypeError('the secrets key must be 64 hex digits');
  const key = createSecretKey(bytes);
  return {
    seal(value, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.getAuthTag(), text]).toString('base64url');
    },
    open(sealed, context) {
      try {
        const bytes = Buffer.from(sealed, 'base64url');
        if (bytes[0] !== VERSION) throw new Error('unknown version');
        const body = bytes.subarray(1);
        const decipher = createDecipheriv('aes-256-gcm', key, body.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(context));
        decipher.setAuthTag(body.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        const text = Buffer.concat([decipher.update(body.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
        return JSON.parse(text.toString('utf8'));
      } catch (cause) {
        throw new AppError('secret.unreadable', {}, { cause });
      }
    },
  };
}
