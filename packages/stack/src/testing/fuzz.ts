const { WCR_FUZZ_ROUNDS: rounds, WCR_FUZZ_SEED: seed } = process.env;

/** How long properties about hostile input are tried. A failure prints the seed that shows it again. */
export const FUZZ = {
  numRuns: Number(rounds) || 200,
  ...(seed === undefined ? {} : { seed: Number(seed) }),
};
