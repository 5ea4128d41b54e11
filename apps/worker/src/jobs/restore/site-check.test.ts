import { expect, it } from 'vitest';
import { type PageState, type SiteState, visitPages, worseThan } from './site-check.ts';

const site = (front: Partial<PageState>): SiteState => ({
  front: { status: 200, fatal: false, ...front },
  login: { status: 200, fatal: false },
  rest: { status: 200, fatal: false },
});

it.each<[string, Partial<PageState>, Partial<PageState>]>([
  ['works as before', {}, {}],
  ['was broken before', { status: 500 }, { status: 503 }],
  ['showed a fatal error before', { fatal: true }, { status: 500, fatal: true }],
  ['did not answer before', { status: 0 }, { status: 0 }],
  ['was hidden before and is hidden otherwise now', { status: 403 }, { status: 404 }],
  ['leads elsewhere now', {}, { status: 302 }],
  ['works again', { status: 500 }, {}],
])('lets a page pass that %s', (_case, before, now) => {
  expect(worseThan(site(before), site(now))).toEqual([]);
});

it.each<[string, Partial<PageState>, Partial<PageState>]>([
  ['shows a fatal error', {}, { fatal: true }],
  ['answers with an error of the server', {}, { status: 500 }],
  ['answers with an error of the server where it was only hidden', { status: 404 }, { status: 502 }],
  ['is not found any more', {}, { status: 404 }],
  ['does not answer any more', {}, { status: 0 }],
])('reports a page that %s', (_case, before, now) => {
  expect(worseThan(site(before), site(now))).toEqual([expect.stringContaining('the front page')]);
});

it('visits past caches, takes silence for an answer, and knows a fatal error behind status 200', async () => {
  const asked: string[] = [];
  const visit = async (url: string) => {
    asked.push(url);
    if (url.includes('wp-login')) throw new Error('connection refused');
    return { status: 200, body: url.includes('rest_route') ? '{}' : '<b>Fatal error</b>: out of memory' };
  };
  const { signal } = new AbortController();
  const state = await visitPages({ visit: visit as never }, 'https://live.example/', { signal });
  expect(state).toEqual({
    ...{ front: { status: 200, fatal: true }, login: { status: 0, fatal: false } },
    rest: { status: 200, fatal: false },
  });
  expect(asked.every((url) => /^https:\/\/live\.example\/.*wcr-check=[0-9a-f]{8}/.test(url))).toBe(true);
});
