import type { PublicNetwork } from '../source-network/public-network.ts';
import { normaliseAddress, parseAddress } from './normalise-address.ts';
import { probeSite } from './probe-site.ts';
import type { SiteProbe } from './site.types.ts';

/**
 * Looks at a site as far as the network lets it be reached; both addresses that somebody gave are judged before the first
 * request. Without a network every address is asked.
 * Throws what `probeSite` throws, and AppError `source.address_refused`.
 */
export function createGuardedProbe(network: PublicNetwork | undefined): SiteProbe {
  return async (request) => {
    const { url, loginUrl } = request;
    const given = [normaliseAddress(url), ...(loginUrl === undefined ? [] : [parseAddress(loginUrl).href])];
    for (const address of given) await network?.assertPublic(address);
    return probeSite(request, network ? { dispatcher: network.dispatcher } : {});
  };
}
