import { compareVersions } from '@wcr/shared/domain/compare-versions';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { BrowserContext, BrowserContextOptions } from 'playwright';
import { normaliseAddress, parseAddress } from '../site/normalise-address.ts';
import { assertLoginPage } from '../site/probe-site.ts';
import type { SiteProbe } from '../site/site.types.ts';
import { type AdminPage, createAdminPage, nameBrowserError } from './admin-page.ts';
import { type AdminSession, startSession } from './admin-session.ts';
import type { BrowserDriver, PluginSetup, SiteLogin } from './browser.types.ts';
import type { BrowserPool } from './browser-pool.ts';
import { guardRequests } from './guard-requests.ts';
import { activatePlugin, findPlugin, uploadPlugin } from './install-plugin.ts';
import { keepArtefacts } from './masked-artefacts.ts';
import { type PluginZip, readPluginZip } from './plugin-zip.ts';
import { type Pairing, readPairing, SETTINGS_PATH } from './read-pairing.ts';

export type BrowserDriverDeps = {
  readonly pool: BrowserPool;
  readonly probeSite: SiteProbe;
  /** Throws AppError `source.address_refused` for an address that no request may go to. */
  readonly assertPublic?: ((url: string) => Promise<void>) | undefined;
  /** Zip file of the plugin in our version. */
  readonly pluginZip: string | undefined;
  /** Longest wait for one page. */
  readonly pageTimeoutMs: number;
  /** Longest time for everything in the browser; eight pages by default. */
  readonly totalTimeoutMs?: number;
  readonly artefactDir?: string | undefined;
  readonly now?: () => Date;
};

type Place = { readonly homeUrl: string; readonly loginUrl: string };
type Context = Parameters<BrowserDriver['ensurePlugin']>[1];

/** The browser driver on Playwright; see `BrowserDriver`. `close` also closes the pool. */
export function createBrowserDriver(deps: BrowserDriverDeps): BrowserDriver {
  async function ensurePlugin(login: SiteLogin, context: Context): Promise<PluginSetup> {
    const zip = await readPluginZip(deps.pluginZip);
    const place = await locate(login, deps.probeSite, context.signal);
    const credentials = { ...place, username: login.username, password: login.password };
    return withinTime(deps, context.signal, (signal, reached) =>
      deps.pool.withContext(contextOptions(login, place), signal, async (browserContext) => {
        let refusal: unknown;
        const onRefused = (reason: unknown) => {
          refusal ??= reason;
        };
        const admin = await openPage(browserContext, place, { ...deps, onRefused });
        try {
          return await setUp(admin, credentials, zip, context);
        } catch (error) {
          reached(admin.at);
          const named = nameBrowserError(refusal ?? error, admin.at);
          if (!signal.aborted) await keepFailure(deps, admin, login, named);
          throw named;
        }
      }),
    );
  }

  return { ensurePlugin, close: () => deps.pool.close() };
}

/** Not every wait inside the browser takes a limit; closing the context ends them all. */
async function withinTime<T>(
  deps: BrowserDriverDeps,
  outer: AbortSignal,
  work: (signal: AbortSignal, reached: (page: string) => void) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(deps.totalTimeoutMs ?? 8 * deps.pageTimeoutMs);
  let page = 'start';
  const reached = (name: string) => {
    page = name;
  };
  try {
    return await work(AbortSignal.any([outer, limit]), reached);
  } catch (error) {
    outer.throwIfAborted();
    throw limit.aborted ? new AppError('browser.timeout', { page }) : error;
  }
}

async function setUp(
  admin: AdminPage,
  credentials: Place & { username: string; password: string },
  zip: PluginZip,
  context: Context,
): Promise<PluginSetup> {
  const session = await startSession(admin, credentials, SETTINGS_PATH);
  context.log('logged in to wp-admin');
  const present = await readPairing(admin.page);
  if (present && compareVersions(present.version, zip.version) >= 0) {
    await logOut(session);
    return { pairingKey: present.pairingKey, pluginVersion: present.version, action: 'already-active' };
  }
  const action = await ensureActive(session, zip, context);
  const pairing = await openSettings(session);
  if (!pairing) throw new AppError('source.plugin_install_failed', { reason: 'its settings page shows no pairing key' });
  await logOut(session);
  return { pairingKey: pairing.pairingKey, pluginVersion: pairing.version, action };
}

async function ensureActive(session: AdminSession, zip: PluginZip, context: Context): Promise<PluginSetup['action']> {
  const found = await findPlugin(session);
  const isCurrent = found !== undefined && compareVersions(found.version, zip.version) >= 0;
  const row = isCurrent ? found : await uploadPlugin(session, zip);
  if (!isCurrent) context.log(`uploaded the plugin ${zip.version}`);
  await activatePlugin(session, row);
  if (!row.active) context.log('activated the plugin');
  if (isCurrent) return 'activated';
  return found ? 'updated' : 'installed';
}

async function openSettings(session: AdminSession): Promise<Pairing | undefined> {
  await session.visit('plugin settings', SETTINGS_PATH);
  return readPairing(session.admin.page);
}

/** Leaves no session behind in the user's list; not worth failing for. */
async function logOut(session: AdminSession): Promise<void> {
  const { page } = session.admin;
  try {
    const href = await page.locator('#wp-admin-bar-logout a').first().getAttribute('href', { timeout: 2_000 });
    if (href !== null) await page.goto(new URL(href, page.url()).href, { waitUntil: 'commit', timeout: 10_000 });
  } catch {
    // The session ends by itself in two days.
  }
}

/** A login page that is known needs no probe: the browser itself sees what stands in the way. */
async function locate(login: SiteLogin, probeSite: SiteProbe, signal: AbortSignal): Promise<Place> {
  if (login.loginUrl !== undefined) {
    return { homeUrl: normaliseAddress(login.url), loginUrl: parseAddress(login.loginUrl).href };
  }
  const site = await probeSite({ url: login.url, httpAuth: login.httpAuth, signal });
  return { homeUrl: site.homeUrl, loginUrl: assertLoginPage(site) };
}

function contextOptions(login: SiteLogin, place: Place): BrowserContextOptions {
  return {
    serviceWorkers: 'block',
    acceptDownloads: false,
    locale: 'en-GB',
    viewport: { width: 1280, height: 900 },
    ...(login.httpAuth && {
      httpCredentials: { ...login.httpAuth, origin: new URL(place.loginUrl).origin },
    }),
  };
}

type PageLimits = Pick<BrowserDriverDeps, 'assertPublic' | 'pageTimeoutMs'> & { readonly onRefused: (reason: unknown) => void };

async function openPage(context: BrowserContext, place: Place, limits: PageLimits): Promise<AdminPage> {
  const hosts = new Set([new URL(place.homeUrl).hostname, new URL(place.loginUrl).hostname]);
  await guardRequests(context, { hosts, ...limits });
  return createAdminPage(await context.newPage(), { hosts, timeoutMs: limits.pageTimeoutMs });
}

async function keepFailure(deps: BrowserDriverDeps, admin: AdminPage, login: SiteLogin, error: Error): Promise<void> {
  const code = isAppError(error) ? error.code : 'unknown';
  // What another host shows is nobody's business here.
  if (deps.artefactDir === undefined || code === 'source.redirected') return;
  const time = (deps.now?.() ?? new Date()).toISOString().replaceAll(/[:.]/g, '-');
  const secrets = [login.password, login.username, login.httpAuth?.password ?? '', login.httpAuth?.username ?? ''];
  await keepArtefacts(admin.page, { dir: deps.artefactDir, name: `${time}-${code}`, secrets });
}
