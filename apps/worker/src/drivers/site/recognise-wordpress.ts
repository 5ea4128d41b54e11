import { z } from 'zod';
import type { Get, Page } from './bounded-get.ts';
import { redirectOf, staysWithin } from './follow-redirects.ts';

const API_REL = 'https://api.w.org/';
const AGENT_NAMESPACE = 'wp-clone-restore/v1';

const RestIndex = z.object({ namespaces: z.array(z.string()), home: z.string().optional() });
const RestError = z.object({ code: z.string(), message: z.string(), data: z.unknown() });

export type RestAnswer = { readonly root: URL; readonly index: z.infer<typeof RestIndex> | null };

/** The REST root a page announces, by its Link header or its head. */
export function announcedRestRoot(page: Page): URL | undefined {
  const inHeader = /<([^>]+)>\s*;\s*rel="?https:\/\/api\.w\.org\/"?/i.exec(page.header('link'))?.[1];
  const tag = page.text.match(/<link\b[^>]*>/gi)?.find((link) => link.includes(API_REL));
  const href = inHeader ?? (tag && /href=["']([^"']+)["']/i.exec(tag)?.[1]?.replaceAll('&#038;', '&').replaceAll('&amp;', '&'));
  return href !== undefined && URL.canParse(href, page.url.href) ? new URL(href, page.url) : undefined;
}

/** True for marks that only WordPress leaves in a page's source. */
export function looksLikeWordPress(page: Page): boolean {
  return (
    announcedRestRoot(page) !== undefined ||
    /<meta\b[^>]*name=["']generator["'][^>]*content=["']WordPress/i.test(page.text) ||
    /["'(/]wp-(?:includes|content)\/(?:js|css|themes|plugins|blocks)\//.test(page.text)
  );
}

/** True when the page holds the fields of WordPress's login form, wherever it lives. */
export function hasLoginForm(page: Page): boolean {
  return /<input\b[^>]*name=["']log["']/i.test(page.text) && /<input\b[^>]*name=["']pwd["']/i.test(page.text);
}

/**
 * Asks the REST API for its index: where the site announces it, then at the two places it can be. Plain permalinks answer
 * the first of those with the front page, hence only JSON counts.
 * @returns `index: null` when WordPress answers but refuses; undefined when nothing answers as WordPress does
 */
export async function readRestIndex(get: Get, front: Page): Promise<RestAnswer | undefined> {
  const base = new URL(front.url.href.replace(/[?#].*$/, '').replace(/\/*$/, '/'));
  const announced = announcedRestRoot(front);
  const reachable = announced && announced.hostname === front.url.hostname ? [sameOrigin(announced, front.url)] : [];
  const candidates = [...reachable, new URL('wp-json/', base), new URL('?rest_route=/', base)];
  let refused: RestAnswer | undefined;
  for (const root of candidates) {
    const answer = await askIndex(get, root);
    if (answer?.index) return answer;
    refused ??= answer;
  }
  return refused;
}

export function hasAgent(answer: RestAnswer | undefined): boolean {
  return answer?.index?.namespaces.includes(AGENT_NAMESPACE) ?? false;
}

async function askIndex(get: Get, root: URL): Promise<RestAnswer | undefined> {
  const url = new URL(root);
  // Without the routes the index of a site with many plugins stays small.
  url.searchParams.set('_fields', 'namespaces,home');
  let page = await get(url);
  const next = redirectOf(page);
  if (next && staysWithin(url, next)) page = await get(next);
  const body = parseJson(page.text);
  const index = RestIndex.safeParse(body);
  if (index.success) return { root, index: index.data };
  return RestError.safeParse(body).success ? { root, index: null } : undefined;
}

/** Behind a TLS proxy a site may announce http; the way that worked is kept. */
function sameOrigin(url: URL, reached: URL): URL {
  return new URL(url.pathname + url.search, reached.origin);
}

/** PHP notices may stand before the JSON. */
function parseJson(text: string): unknown {
  const start = text.indexOf('{"');
  if (start < 0) return undefined;
  try {
    return JSON.parse(text.slice(start));
  } catch {
    return undefined;
  }
}
