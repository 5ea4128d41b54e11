import type { BrowserContext, Request } from 'playwright';

const NEEDLESS_TYPES: ReadonlySet<string> = new Set(['image', 'font', 'media', 'ping', 'eventsource', 'manifest', 'texttrack']);

/**
 * Lets a context load only what wp-admin needs: pages, scripts and styles of the site's own hosts.
 * Everything else (images, third parties, sockets, workers) is aborted.
 */
export async function guardRequests(context: BrowserContext, hosts: ReadonlySet<string>): Promise<void> {
  await context.route('**/*', (route) => {
    return isNeeded(route.request(), hosts) ? route.continue() : route.abort('blockedbyclient');
  });
  await context.routeWebSocket(/.*/, (socket) => socket.close());
}

function isNeeded(request: Request, hosts: ReadonlySet<string>): boolean {
  return !NEEDLESS_TYPES.has(request.resourceType()) && isOwnAddress(request.url(), hosts);
}

/** True for addresses of the site itself, and for those that lead to no network at all. */
export function isOwnAddress(address: string, hosts: ReadonlySet<string>): boolean {
  if (/^(?:data|blob|about):/.test(address)) return true;
  return URL.canParse(address) && hosts.has(new URL(address).hostname);
}
