/** CI visits one point in so many. */
const STRIDE = 3;

/**
 * The points of a crash matrix, one after the other and without end: whoever dies at each of them stops when somebody survives.
 * With TEST_LONG=1 all of them; otherwise the short form, every third from a random one of the first three on, so that a few
 * runs see all.
 */
export function* crashPoints(first = 1): Generator<number, never> {
  const isLong = process.env['TEST_LONG'] === '1';
  const stride = isLong ? 1 : STRIDE;
  for (let at = first + Math.floor(Math.random() * stride); ; at += stride) yield at;
}
