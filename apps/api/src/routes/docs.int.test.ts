import { SCOPES } from '@wcr/shared/contracts/access';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { changeCloneSchema, newCloneSchema } from '../clones/clone-bodies.ts';
import { NewRestore } from '../restores/restore-bodies.ts';
import { errorOf } from '../testing/clone-calls.ts';
import { startTestApi, type TestApi } from '../testing/start-api.ts';

type Operation = {
  operationId?: string;
  description?: string;
  security?: { apiKey: string[] }[];
  responses: Record<string, { content?: unknown; description: string }>;
  parameters?: { name: string; in: string }[];
};
type OpenApi = {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { example?: unknown }> };
};

let api: TestApi;
let document: OpenApi;
beforeAll(async () => {
  api = await startTestApi();
  document = (await (await api.call('GET', '/openapi.json', { key: null })).json()) as OpenApi;
});
afterAll(() => api[Symbol.asyncDispose]());

it('describes every call there is', async () => {
  const { createApp } = await import('../app.ts');
  const undocumented = new Set(['/openapi.json', '/docs', '/docs/start.js', '/docs/:asset']);
  const withoutPages = { ...api.deps.config, webPage: 'off', queueBoard: 'off' } as const;
  const app = createApp({ ...api.deps, config: withoutPages });
  const routes = app.routes.filter(({ method, path }) => method !== 'ALL' && !undocumented.has(path));
  const there = new Set(routes.map((route) => `${route.method} ${route.path.replace(/:(\w+)/g, '{$1}')}`));
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.sort()).toEqual([...there].sort());
});

it('is OpenAPI 3.1 whose parts fit together', () => {
  expect(document.openapi).toBe('3.1.0');
  const operations = Object.entries(document.paths).flatMap(([path, byMethod]) =>
    Object.values(byMethod).map((operation) => ({ path, ...operation })),
  );
  const ids = operations.map((operation) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, parameters = [], responses, security, description } of operations) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    expect(parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)).toEqual(inPath);
    for (const answer of Object.values(responses)) expect(answer.description).not.toBe('');
    if (path.startsWith('/api/')) {
      const [scope] = security?.[0]?.apiKey ?? [];
      expect(SCOPES).toContain(scope);
      expect(description).toContain(`Needs the scope \`${scope}\`.`);
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403', '429', '503']));
    }
  }
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]);
  expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining([...new Set(references)]));
});

it('gives examples that the calls take', async () => {
  const { NewClone, CloneChange, FormerClone, NewRestore: Restore, FormerRestore } = document.components.schemas;
  expect(newCloneSchema(600).safeParse(NewClone?.example).success).toBe(true);
  expect(changeCloneSchema(600).safeParse(CloneChange?.example).success).toBe(true);
  expect((await api.call('POST', '/api/v1/clones', { body: NewClone?.example })).status).toBe(202);
  expect((await api.call('POST', '/clone', { body: FormerClone?.example })).status).toBe(202);
  expect(NewRestore.safeParse(Restore?.example).success).toBe(true);
  const unknown = await api.call('POST', '/api/v1/restores', { body: Restore?.example });
  expect(await errorOf(unknown)).toMatchObject({ code: 'clone.not_found' });
  expect((await api.call('POST', '/restore', { body: FormerRestore?.example })).status).toBe(202);
});

it('has a reference page that loads nothing from anywhere else', async () => {
  const page = await api.call('GET', '/docs', { key: null });
  const html = await page.text();
  expect(html).not.toMatch(/(?:src|href)\s*=\s*["'](?:[a-z]+:)?\/\//i);
  expect(html).not.toMatch(/https?:/);
  expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self'; .*connect-src 'self'/);
  const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
  expect(assets).toHaveLength(3);
  for (const asset of assets) {
    const response = await api.call('GET', asset, { key: null });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(asset.endsWith('.css') ? 'text/css' : 'text/javascript');
  }
  for (const other of ['package.json', '..%2fpackage.json', 'constructor']) {
    expect((await api.call('GET', `/docs/${other}`, { key: null })).status).toBe(404);
  }
});
