import { randomInt } from 'node:crypto';
import { CLONE_NAME, COMPONENT_LABEL, DOMAIN, NAME_LABEL } from '../clone-names.ts';

/** On the root of a warm target: whether it may be had. */
export const POOL_LABEL = `${DOMAIN}/pool`;
/** `warm`: nobody's yet. `claimed`: a clone's, for good. `leaving`: to be removed, and nobody's ever again. */
export type PoolState = 'warm' | 'claimed' | 'leaving';
/** Whose it is, on its root. */
export const CLAIMED_BY_LABEL = `${DOMAIN}/claimed-by`;
/** What it was made from, as a hash: another image or other settings make another one. */
export const RECIPE_ANNOTATION = `${DOMAIN}/recipe`;
/** Selects the roots of all warm targets, claimed or not. */
export const WARM_SELECTOR = `${NAME_LABEL}=${CLONE_NAME},${COMPONENT_LABEL}=warm`;

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** `warm-` and eight random characters, from which also the names of its schema and database user come. */
export function createWarmName(random: (below: number) => number = (below) => randomInt(below)): string {
  return `warm-${Array.from({ length: 8 }, () => ALPHABET[random(ALPHABET.length)]).join('')}`;
}
