import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright';

export type BrowserPoolOptions = {
  readonly executablePath?: string | undefined;
  /** See WCR_BROWSER_ENDPOINT. */
  readonly endpoint?: string | undefined;
  readonly sandbox: boolean;
  /** All variables of a browser that is started here: it shows pages of strangers, so nothing of ours is inherited. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Starts what a browser that is started here must go through, to wherever it goes; it ends with the browser. */
  readonly startProxy?: (() => Promise<BrowserProxy>) | undefined;
  /** A browser without work is ended after this time. */
  readonly idleMs?: number;
  readonly launchTimeoutMs?: number;
};

export type BrowserProxy = { readonly url: string; close(): Promise<void> };

export type BrowserPool = {
  /**
   * Lends a fresh context, and closes it whatever happens; at once when `signal` aborts.
   * @throws AppError `browser.unavailable`; the signal's reason after an abort; what `use` throws
   */
  withContext<T>(options: BrowserContextOptions, signal: AbortSignal, use: (context: BrowserContext) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

const CLOSE_MS = 15_000;
const LAUNCH_ARGUMENTS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

const NOTHING_BESIDE_PROXY = ['--webrtc-ip-handling-policy=disable_non_proxied_udp'];

/** One browser per process: started by the first use, started anew when it has died, ended when idle. */
export function createBrowserPool(options: BrowserPoolOptions): BrowserPool {
  let starting: Promise<Browser> | undefined;
  let idleTimer: NodeJS.Timeout | undefined;
  let uses = 0;

  async function browser(): Promise<Browser> {
    starting ??= startBrowser(options);
    const current = starting;
    try {
      const started = await current;
      if (started.isConnected()) return started;
    } catch (error) {
      if (starting === current) starting = undefined;
      throw error;
    }
    if (starting === current) starting = undefined;
    return browser();
  }

  async function close(): Promise<void> {
    clearTimeout(idleTimer);
    const current = starting;
    starting = undefined;
    if (current !== undefined) await givenTime(current.then((started) => started.close()));
  }

  function released(): void {
    uses -= 1;
    if (uses > 0) return;
    idleTimer = setTimeout(() => void close(), options.idleMs ?? 60_000);
    idleTimer.unref();
  }

  async function withContext<T>(
    contextOptions: BrowserContextOptions,
    signal: AbortSignal,
    use: (context: BrowserContext) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    clearTimeout(idleTimer);
    uses += 1;
    try {
      const context = await newContext(await browser(), contextOptions);
      return await lend(context, signal, use);
    } finally {
      released();
    }
  }

  return { withContext, close };
}

async function lend<T>(context: BrowserContext, signal: AbortSignal, use: (context: BrowserContext) => Promise<T>): Promise<T> {
  const closeContext = () => givenTime(context.close());
  const onAbort = () => void closeContext();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await use(context);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    await closeContext();
  }
}

/** A browser that hangs must not hold up whoever is done with it. */
async function givenTime(closing: Promise<void>): Promise<void> {
  const done = new AbortController();
  const patience = sleep(CLOSE_MS, undefined, { signal: done.signal, ref: false });
  await Promise.race([closing, patience]).catch(() => undefined);
  done.abort();
  for (const rest of [closing, patience]) rest.catch(() => undefined);
}

async function newContext(browser: Browser, options: BrowserContextOptions): Promise<BrowserContext> {
  try {
    return await browser.newContext(options);
  } catch (error) {
    throw unavailable(error);
  }
}

async function startBrowser(options: BrowserPoolOptions): Promise<Browser> {
  const timeout = options.launchTimeoutMs ?? 30_000;
  try {
    if (options.endpoint !== undefined) return await connect(options.endpoint, timeout);
    const proxy = await options.startProxy?.();
    return await launch(options, timeout, proxy);
  } catch (error) {
    throw unavailable(error);
  }
}

/** Loaded when a browser is needed: most jobs need none, and it takes longer than everything else a worker starts with. */
function loadPlaywright(): Promise<typeof import('playwright')> {
  return import('playwright');
}

async function launch(options: BrowserPoolOptions, timeout: number, proxy: BrowserProxy | undefined): Promise<Browser> {
  try {
    const { chromium } = await loadPlaywright();
    const browser = await chromium.launch({
      headless: true,
      args: proxy ? [...LAUNCH_ARGUMENTS, ...NOTHING_BESIDE_PROXY] : LAUNCH_ARGUMENTS,
      chromiumSandbox: options.sandbox,
      timeout,
      env: { ...options.environment },
      // The worker ends its own work on these signals and closes the pool afterwards.
      handleSIGHUP: false,
      handleSIGINT: false,
      handleSIGTERM: false,
      // Unless told so, Chromium reaches loopback and link-local addresses without its proxy.
      ...(proxy && { proxy: { server: proxy.url, bypass: '<-loopback>' } }),
      ...(options.executablePath !== undefined && { executablePath: options.executablePath }),
    });
    browser.once('disconnected', () => void proxy?.close());
    return browser;
  } catch (error) {
    await proxy?.close();
    throw error;
  }
}

async function connect(endpoint: string, timeout: number): Promise<Browser> {
  const [, kind, url = endpoint] = /^(cdp|firefox)\+(.*)$/.exec(endpoint) ?? [];
  const { chromium, firefox } = await loadPlaywright();
  if (kind === 'firefox') return firefox.connect(url, { timeout });
  if (kind === 'cdp' || /^https?:/.test(url) || url.includes('/devtools/')) return chromium.connectOverCDP(url, { timeout });
  return chromium.connect(url, { timeout });
}

/** The endpoint may carry a token, so only the kind of trouble is told. */
function unavailable(error: unknown): AppError {
  const text = error instanceof Error ? error.message : String(error);
  const firstLine = (text.split('\n')[0] ?? '').replaceAll(/\b(?:wss?|https?):\/\/\S+/g, '<endpoint>');
  return new AppError('browser.unavailable', { reason: firstLine.slice(0, 200) });
}
