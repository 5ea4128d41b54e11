/** The short form visits one point in so many. */
const STRIDE = 4;

/** With TEST_LONG=1 all points are visited; otherwise some, others each time, so that a few runs see all. */
const isLong = () => process.env['TEST_LONG'] === '1';
const randomBelow = (limit: number) => Math.floor(Math.random() * limit);

/**
 * The points of a crash matrix, one after the other and without end: whoever dies at each of them stops when somebody survives.
 * In the short form every fourth from a random one of the first four on.
 */
export function* crashPoints(first = 1): Generator<number, never> {
  const stride = isLong() ? 1 : STRIDE;
  for (let at = first + randomBelow(stride); ; at += stride) yield at;
}

/** Every fourth of the points in their order, from a random one of the first four on; in the long form all. */
export function someOf<Point>(points: readonly Point[]): Point[] {
  if (isLong()) return [...points];
  const first = randomBelow(Math.min(STRIDE, points.length));
  return points.filter((_point, at) => at % STRIDE === first);
}

/** A random point of each group, so that no group (a step of a job, say) goes without; in the long form all, group by group. */
export function oneOfEach<Point>(groups: readonly (readonly Point[])[]): Point[] {
  if (isLong()) return groups.flat();
  return groups.flatMap((points) => {
    const at = randomBelow(points.length);
    return points.slice(at, at + 1);
  });
}
