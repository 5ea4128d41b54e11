import { join } from 'node:path';
import type { MariaDbAddress } from '../services/mariadb.ts';
import { type SampleSite, startSampleSite } from '../sites/sample-site.ts';

export type BenchSite = SampleSite & AsyncDisposable & { readonly label: string };

/** Sizes of the sample. `small` is a young blog, `large` a shop with years behind it. */
const SIZES = {
  small: { uploadMb: 4, mediaCount: 8, shopRows: 2_000 },
  large: { uploadMb: 256, mediaCount: 60, shopRows: 200_000 },
} as const;

/** Builds and serves a site of a size. */
export async function startBenchSite(
  label: keyof typeof SIZES,
  at: { readonly dir: string; readonly mariaDb: MariaDbAddress },
): Promise<BenchSite> {
  const site = await startSampleSite({ dir: join(at.dir, label, 'site'), mariaDb: at.mariaDb, ...SIZES[label] });
  return { ...site, label };
}
