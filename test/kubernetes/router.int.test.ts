import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Router, startRouter } from '../support/kubernetes/router.ts';

const echo = createServer((request, response) => {
  response.setHeader('Set-Cookie', ['one=1', 'two=2']);
  response.write(JSON.stringify({ url: request.url, headers: request.headers }));
  request.pipe(response);
});

let router: Router;
let target: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => {
    echo.listen(0, '127.0.0.1', resolve);
  });
  target = `http://127.0.0.1:${(echo.address() as AddressInfo).port}`;
  router = await startRouter({ scheme: 'https' });
});
afterAll(async () => {
  await router[Symbol.asyncDispose]();
  echo.close();
});

it('a request goes to the longest prefix of its path, as it came, and says how it came', async () => {
  router.setRoutes([
    { pathPrefix: '/', target: undefined },
    { pathPrefix: '/clone-one', target },
  ]);
  const answer = await fetch(`${router.url}/clone-one/a%20b?c=d`, { headers: { 'X-Forwarded-Proto': 'http' } });
  expect(answer.headers.getSetCookie()).toEqual(['one=1', 'two=2']);
  const { url, headers } = (await answer.json()) as { url: string; headers: Record<string, string> };
  expect(url).toBe('/clone-one/a%20b?c=d');
  expect(headers).toMatchObject({ 'x-forwarded-proto': 'https', 'x-forwarded-for': '127.0.0.1' });
});

it('a body passes in both directions', async () => {
  router.setRoutes([{ pathPrefix: '/clone-one', target }]);
  const body = 'x'.repeat(1 << 20);
  const answer = await fetch(`${router.url}/clone-one`, { method: 'POST', body });
  expect((await answer.text()).endsWith(body)).toBe(true);
});

it('an address of no rule is unknown, a rule without endpoint unavailable, an endpoint that is gone a bad gateway', async () => {
  router.setRoutes([
    { pathPrefix: '/clone-one', target: undefined },
    { pathPrefix: '/clone-two', target: 'http://127.64.0.1:9' },
    { pathPrefix: '/clone-three', host: 'other.example.com', target },
  ]);
  const statusOf = async (path: string): Promise<number> => (await fetch(router.url + path)).status;
  expect([await statusOf('/clone-one/'), await statusOf('/clone-two/')]).toEqual([503, 502]);
  expect([await statusOf('/clone-one-more/'), await statusOf('/clone-three/'), await statusOf('/')]).toEqual([404, 404, 404]);
});
