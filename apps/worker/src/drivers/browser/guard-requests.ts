import type { BrowserContext, Request } from 'playwright';

export type RequestGuard = {
  /** Host names of the site. */
  readonly hosts: ReadonlySet<string>;
  /** Throws for an address that may not be asked. */
  readonly assertPublic?: ((url: string) => Promise<void>) | undefined;
  /** Told why one was not asked. */
  readonly onRefused?: (reason: unknown) => void;
};

const NEEDLESS_TYPES: ReadonlySet<string> = new Set(['image', 'font', 'media', 'ping', 'eventsource', 'manifest', 'texttrack']);

/**
 * WordPress's own styles and scripts, which the forms and links of wp-admin work without: half of what a browser has to do there.
 * Login pages keep theirs, and every page those of others: what stands in the way (second factors, challenges) lives by them.
 */
const DECORATION_TYPES: ReadonlySet<string> = new Set(['stylesheet', 'script']);
const CORE_PATH = /^[^?#]*\/wp-(?:admin|includes)\//;
const ADMIN_PATH = /^[^?#]*\/wp-admin\//;

/**
 * Lets a context load only what wp-admin needs: pages, scripts and styles of the site's own hosts.
 * Everything else (images, third parties, sockets, workers) is aborted. A browser of our own also goes through the guarded
 * proxy, which judges the redirects that are not told here.
 */
export async function guardRequests(
  context: BrowserContext,
  { hosts, assertPublic = async () => undefined, onRefused }: RequestGuard,
): Promise<void> {
  await context.route('**/*', async (route) => {
    if (!isNeeded(route.request(), hosts)) return route.abort('blockedbyclient');
    try {
      if (!isNowhere(route.request().url())) await assertPublic(route.request().url());
    } catch (error) {
      onRefused?.(error);
      return route.abort('blockedbyclient');
    }
    return route.continue();
  });
  await context.routeWebSocket(/.*/, (socket) => socket.close());
}

function isNeeded(request: Request, hosts: ReadonlySet<string>): boolean {
  const type = request.resourceType();
  if (NEEDLESS_TYPES.has(type) || !isOwnAddress(request.url(), hosts)) return false;
  return !(DECORATION_TYPES.has(type) && CORE_PATH.test(request.url()) && ADMIN_PATH.test(request.frame().url()));
}

/** True for addresses of the site itself, and for those that lead to no network at all. */
export function isOwnAddress(address: string, hosts: ReadonlySet<string>): boolean {
  return isNowhere(address) || (URL.canParse(address) && hosts.has(new URL(address).hostname));
}

function isNowhere(address: string): boolean {
  return /^(?:data|blob|about):/.test(address);
}
