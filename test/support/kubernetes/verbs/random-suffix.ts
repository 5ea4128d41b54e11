import { randomInt } from 'node:crypto';

/** No vowels and no digits that look like letters, so that no words come about. */
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** Five characters that may end a name. */
export function randomSuffix(): string {
  return Array.from({ length: 5 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}
