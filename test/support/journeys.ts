/** Where a worker ends: the step it lies in is repeated, and no other. */
export type Station = { readonly place: string; readonly step: string };
export type Signal = 'SIGKILL' | 'SIGTERM';

/** The stations a job passes in their order, losing a worker at each. */
export type Journey = { readonly signal: Signal; readonly through: string; readonly stations: readonly Station[] };

/** A job may lose its worker by SIGKILL this often, and once more. */
const KILLS = 3;

export const before = (step: string): Station => ({ place: `${step}:before`, step });
export const after = (step: string): Station => ({ place: `${step}:after`, step });
export const within = (step: string, place: string): Station => ({ place, step });

/**
 * Divides stations that stand in their order into as few journeys as there can be, so that neighbours come into different ones:
 * what one step repeats isn't mixed with what the next does.
 */
export function journeysOf(signal: Signal, stations: readonly Station[], atOnce = KILLS): Journey[] {
  const count = Math.ceil(stations.length / atOnce);
  return Array.from({ length: count }, (_, at) => {
    const own = stations.filter((_station, index) => index % count === at);
    return { signal, through: own.map(({ place }) => place).join(' '), stations: own };
  });
}
