import { randomInt } from 'node:crypto';
import { z } from 'zod';

/** `clone-YYYYMMDD-HHMMSS-xxxx`: UTC time of the request plus four random characters. */
export const CloneId = z.string().regex(/^clone-\d{8}-\d{6}-[a-z0-9]{4}$/, 'not a clone id');
export type CloneId = z.infer<typeof CloneId>;

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Makes the id of a clone that is asked for at `at`. */
export function createCloneId(at: Date = new Date(), random: (below: number) => number = (below) => randomInt(below)): CloneId {
  const [day = '', time = ''] = at.toISOString().split('T');
  const suffix = Array.from({ length: 4 }, () => ALPHABET[random(ALPHABET.length)]).join('');
  return `clone-${day.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${suffix}`;
}
