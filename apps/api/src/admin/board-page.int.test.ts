import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import { CLONE_QUEUE, QUEUE_PREFIX } from '@wcr/shared/contracts/queues';
import { findBrowser } from '@wcr/stack/services/browser';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createApp } from '../app.ts';
import { stageJobs } from '../testing/job-stages.ts';
import { addOperatorKeys, READER, WRITER } from '../testing/operator-keys.ts';
import { startTestApi, type TestApi } from '../testing/start-api.ts';

const JOB = 'clone-failed';
const MARK = 'marked-hunter2';

let api: TestApi;
let server: ServerType;
let browser: Browser;
let page: Page;
let url: string;
/** What the page was kept from, or could not do. */
let complaints: string[];

beforeAll(async () => {
  api = await startTestApi();
  server = serve({ fetch: createApp(api.deps).fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sandbox = process.getuid?.() !== 0;
  browser = await chromium.launch({ executablePath: findBrowser() ?? 'none', chromiumSandbox: sandbox, args: ['--disable-gpu'] });
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  await api?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await api.deps.redis.flushall();
  await addOperatorKeys(api.deps.redis);
  await addFailed();
  page = await (await browser.newContext({ locale: 'en-US' })).newPage();
  page.setDefaultTimeout(15_000);
  complaints = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  return () => page.context().close();
});

async function addFailed(): Promise<void> {
  const data = { source: { url: 'https://shop.example', password: MARK } };
  const job = await api.deps.queues.clone.add(CLONE_QUEUE, data, { jobId: JOB, attempts: 1 });
  await job.log(`logged in with password=${MARK}`);
  await using stages = stageJobs(CLONE_QUEUE, api.redis.url);
  await (await stages.take()).fail('source.unreachable', { reason: `no answer to ${MARK}` });
}

async function signIn(key: string, write = false): Promise<void> {
  await page.goto(`${url}/admin/queues`);
  await page.getByLabel('API key').fill(key);
  if (write) await page.getByLabel('Let me change things').check();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${url}/admin/queues`);
}
const openFailed = () => page.goto(`${url}/admin/queues/queue/${CLONE_QUEUE}/${JOB}`);
/** The page's buttons for one job have pictures only; the first is to try it again. */
const jobButtons = () => page.locator('[class^=jobActions] button');
/** What any script on the page could send. */
const putFromPage = (path: string) =>
  page.evaluate(async (to) => (await fetch(to, { method: 'PUT' })).status, `/admin/queues/api/queues/${CLONE_QUEUE}/${path}`);

it('a person signs in, sees why a job failed and no secret, and can change nothing', async () => {
  const answers: string[] = [];
  page.on('response', async (answer) => {
    if (answer.url().includes('/api/')) answers.push(await answer.text().catch(() => ''));
  });
  await signIn(READER);
  await page.getByText('clone', { exact: true }).first().waitFor();
  await openFailed();
  await page.getByText('Makes clones').first().waitFor();
  await page.getByText('The source cannot be reached').first().waitFor();
  await page
    .getByRole('tab', { name: 'Data' })
    .or(page.getByRole('button', { name: 'Data' }))
    .click();
  await page.getByText('[secret]').first().waitFor();
  await page
    .getByRole('tab', { name: 'Logs' })
    .or(page.getByRole('button', { name: 'Logs' }))
    .click();
  await page.getByText('password=[secret]').waitFor();
  expect(await page.content()).not.toContain(MARK);
  expect(answers.length).toBeGreaterThan(2);
  for (const answer of answers) expect(answer).not.toContain(MARK);
  expect(await jobButtons().count()).toBe(0);
  expect([await putFromPage(`${JOB}/retry`), await putFromPage('pause'), await putFromPage('obliterate')]).toEqual([
    403, 403, 403,
  ]);
  expect(await api.deps.queues.clone.getJobState(JOB)).toBe('failed');
  expect(complaints).toEqual([]);
});

it('who may act has a failed job tried again, and it runs', async () => {
  await signIn(WRITER, true);
  await openFailed();
  await jobButtons().first().click();
  await page.getByRole('button', { name: 'Confirm' }).click();
  const connection = new Redis(api.redis.url, { maxRetriesPerRequest: null });
  const worker = new Worker(CLONE_QUEUE, async () => 'done', { prefix: QUEUE_PREFIX, connection });
  await expect.poll(() => api.deps.queues.clone.getJobState(JOB), { timeout: 20_000 }).toBe('completed');
  await worker.close();
  connection.disconnect();
  expect(await putFromPage('obliterate')).toBe(405);
  await page.goto(`${url}/sign-in`);
  await page.getByText('you may change things').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('API key').waitFor();
  await page.goto(`${url}/admin/queues`);
  expect(page.url()).toBe(`${url}/sign-in?next=%2Fadmin%2Fqueues`);
});
