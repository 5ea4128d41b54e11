import { REFUSED_SITES } from '@wcr/shared/testing/refused-sites';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cloneCalls, errorOf, SOURCE } from '../testing/clone-calls.ts';
import { TARGET } from '../testing/restore-calls.ts';
import { startTestApi, type TestApi } from '../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ WCR_KEY_REQUESTS_PER_MINUTE: '0', WCR_KEY_ENQUEUES_PER_HOUR: '0' });
});
afterAll(async () => {
  for (const queue of [api.deps.queues.clone, api.deps.queues.restore]) expect(await queue.count()).toBe(0);
  await api[Symbol.asyncDispose]();
});

/** Every field of every call in which somebody can name a site. */
const WAYS_IN: readonly (readonly [field: string, path: string, body: (url: string) => object])[] = [
  ['source.url', '/api/v1/clones', (url) => ({ source: { ...SOURCE, url } })],
  ['source.loginUrl', '/api/v1/clones', (loginUrl) => ({ source: { ...SOURCE, loginUrl } })],
  ['target.url', '/api/v1/restores', (url) => ({ source: SOURCE, target: { ...TARGET, url } })],
  ['target.loginUrl', '/api/v1/restores', (loginUrl) => ({ source: SOURCE, target: { ...TARGET, loginUrl } })],
  ['source.url', '/api/v1/restores', (url) => ({ source: { ...SOURCE, url }, target: TARGET })],
  ['source.url', '/clone', (url) => ({ source: { ...SOURCE, url } })],
  ['target.url', '/restore', (url) => ({ source: SOURCE, target: { ...TARGET, url } })],
];

// Where a name leads to is not asked here: the worker refuses it when it connects.
it.each(REFUSED_SITES.filter(({ leadsTo }) => leadsTo === undefined))('$what: $url is refused in every field', async (site) => {
  for (const [field, path, body] of WAYS_IN) {
    const answer = await api.call('POST', path, { body: body(site.url.replace('{port}', '8080')) });
    const { status, code, message } = await errorOf(answer);
    const twin = `${field.split('.')[0]}.address_refused`;
    expect([path, field, status, code]).toEqual([path, field, 400, site.isUnusable ? 'request.invalid' : twin]);
    expect(message).toContain(field);
  }
});

it('takes what the operator allows', async () => {
  await using open = await startTestApi({ WCR_ALLOWED_SOURCES: '10.20.0.0/16, *.intern.example, wordpress' });
  const { accept } = cloneCalls(() => open);
  for (const host of ['10.20.0.7', 'shop.intern.example', 'wordpress']) await accept({ source: { url: `http://${host}/` } });
  const refused = await open.call('POST', '/api/v1/clones', { body: { source: { url: 'http://10.21.0.7/' } } });
  expect(await errorOf(refused)).toMatchObject({ code: 'source.address_refused' });
});
