import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTraceCollector, type TraceCollector } from '@wcr/shared/testing/trace-collector';
import { findFreePort } from '@wcr/stack/services/process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awaitJob, type CloneLogin, type JobView, readCredentials, readJobLog } from '../support/clone-flow.ts';
import { type ProcessWatch, watchProcesses } from '../support/process-watch.ts';
import { readRedis } from '../support/read-redis.ts';
import { pairingKeyOf, type Source, startSource } from '../support/sample-sources.ts';
import { findInFiles, findSecrets, type Secrets } from '../support/secret-search.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';
import { watchRedis } from '../support/watch-redis.ts';

/** What people make up: characters that every encoding writes in its own way. */
const madeUp = (what: string) => `${what} ä/"&'+ ${randomBytes(6).toString('hex')}`;
const hex = () => randomBytes(8).toString('hex');
/** Is no secret, and goes with a request wherever secrets would go if somebody let them: it must be found there. */
const REQUEST_ID = `request-${hex()}`;
/** Is passed on to what the worker starts. */
const PASSED_ON = `passed-on-${hex()}`;
const METRICS_TOKEN = `metrics-token-${hex()}`;
const OTLP_TOKEN = `collector-token-${hex()}`;
const WRONG_PASSWORD = madeUp('wrong');
const admin = { username: 'owner', password: madeUp('admin'), email: 'owner@example.com' };
const httpAuth = { username: 'staging', password: madeUp('basic') };

/** Where secrets must be, because somebody works with them there: the clone's own PHP, and nobody else's. */
const BELONGS = [
  // WordPress reads its database's password from there, and what login links are signed with.
  /^clones\/clone-[\w-]+\/site\/wp-config\.php (database password|login secret) of the clone$/,
  // The standalone agent's configuration: readable for the clone's user alone.
  /^clones\/clone-[\w-]+\/agent\/config\.php (database password|pairing key) of the clone$/,
];
/** The sites that are copied are not ours; of their clones, WordPress' own folders are the source's byte for byte (clone.e2e.test.ts). */
const isLeftOut = (path: string) => /^sources\/|^clones\/[\w-]+\/site\/wp-(admin|includes)\//.test(path);

let stack: TestStack;
let source: Source;
let collector: TraceCollector;
let processes: ProcessWatch;
let redis: Awaited<ReturnType<typeof watchRedis>>;
let login: CloneLogin;
let jobs: Record<'clone' | 'restore' | 'refused', JobView>;
let secrets: Secrets;
let places: Record<string, { text: string | Buffer; control: string }>;

const textOf = async (url: string, key?: string) =>
  (await fetch(url, key ? { headers: { authorization: `Bearer ${key}` } } : {})).text();
const ask = async (path: string, body: object): Promise<{ job: { id: string }; clone?: { id: string } }> => {
  const answer = await stack.call<{ job: { id: string } }>('POST', path, body, { 'x-request-id': REQUEST_ID });
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  return answer.body;
};

beforeAll(async () => {
  collector = await startTraceCollector();
  const metricsPort = await findFreePort();
  stack = await startTestStack({
    workers: 0,
    env: {
      ...{ WCR_METRICS_TOKEN: METRICS_TOKEN, WCR_METRICS_PORT: String(metricsPort), LC_CONTROL: PASSED_ON },
      ...{ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_BSP_SCHEDULE_DELAY: '100' },
      OTEL_EXPORTER_OTLP_HEADERS: `x-token=${OTLP_TOKEN}`,
    },
  });
  redis = await watchRedis(stack.redisUrl);
  [source] = await Promise.all([
    startSource(stack, 'source', { admin, basicAuth: httpAuth, mediaCount: 1, shopRows: 20, uploadMb: 0 }),
    stack.startWorker({ WCR_METRICS_PORT: String(metricsPort) }),
  ]);
  processes = watchProcesses(stack.pids);
  jobs = await liveThroughEverything();
  secrets = await secretsOf(jobs.clone);
  places = await collectPlaces(metricsPort);
});

afterAll(async () => {
  processes?.[Symbol.dispose]();
  redis?.[Symbol.dispose]();
  await source?.stop();
  await stack?.[Symbol.asyncDispose]();
  await collector?.[Symbol.asyncDispose]();
});

/** A clone whose plugin a browser sets up, its login, a restore, and a login that fails. */
async function liveThroughEverything(): Promise<typeof jobs> {
  const { url } = source;
  const access = { url, username: admin.username, password: admin.password, httpAuth };
  // The first visitor has WordPress write some options, and waits for it.
  const authorization = `Basic ${Buffer.from(`${httpAuth.username}:${httpAuth.password}`).toString('base64')}`;
  await (await fetch(url, { headers: { authorization } })).text();
  const refused = await ask('/api/v1/clones', { source: { ...access, password: WRONG_PASSWORD } });
  const refusal = await awaitJob(stack, refused.job.id);
  const made = await ask('/api/v1/clones', { source: access });
  const clone = await awaitJob(stack, made.job.id);
  expect(clone.status, JSON.stringify(clone.error)).toBe('completed');
  const cloneId = made.clone?.id ?? '';
  login = await readCredentials(stack, cloneId);
  const signedIn = await fetch(login.loginUrl, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: 'wordpress_test_cookie=WP%20Cookie%20check' },
    body: new URLSearchParams({ log: login.username, pwd: login.password, testcookie: '1' }),
  });
  expect(signedIn.status).toBe(302);
  const restored = await ask('/api/v1/restores', { cloneId, target: access });
  return { refused: refusal, clone: { ...clone, id: cloneId }, restore: await awaitJob(stack, restored.job.id) };
}

async function secretsOf({ id }: JobView): Promise<Secrets> {
  const folder = join(stack.localDir, id);
  const config = readFileSync(join(folder, 'site/wp-config.php'), 'utf8');
  const agent = readFileSync(join(folder, 'agent/config.php'), 'utf8');
  return {
    'password of the admin': admin.password,
    'password that is wrong': WRONG_PASSWORD,
    'password of HTTP Basic': httpAuth.password,
    'pairing key of the source': await pairingKeyOf(source.dir),
    'password of the clone’s admin': login.password,
    'database password of the clone': /DB_PASSWORD', '([^']+)'/.exec(config)?.[1] ?? '',
    'login secret of the clone': /LOGIN_SECRET', '([^']+)'/.exec(config)?.[1] ?? '',
    'pairing key of the clone': /[0-9a-f]{64}/.exec(agent)?.[0] ?? '',
    'database password of the source': source.database.password,
    'database password of the workers': stack.mariaDb.rootPassword,
    'secrets key': stack.secrets.secretsKey,
    'API key': stack.secrets.apiKey,
    'metrics token': METRICS_TOKEN,
    'token of the collector': OTLP_TOKEN,
  };
}

async function collectPlaces(metricsPort: number): Promise<typeof places> {
  const board = `${stack.apiUrl}/admin/queues/api/queues`;
  const lists = ['clone', 'restore', 'rollback'].map(
    (queue) => `${board}?activeQueue=${queue}&status=latest&page=1&jobsPerPage=50`,
  );
  const ids = [`clone/${jobs.refused.id}`, `restore/${jobs.restore.id}`].flatMap((job) => [
    `${board}/${job}`,
    `${board}/${job}/logs`,
  ]);
  const pages = await Promise.all([...lists, ...ids].map((url) => textOf(url, stack.secrets.apiKey)));
  const artefacts = join(stack.dir, 'artefacts');
  const kept = existsSync(artefacts) ? readdirSync(artefacts) : [];
  const spans = collector.received.map(({ body }) => body);
  return {
    'what Redis holds': { text: await readRedis(stack.redisUrl), control: REQUEST_ID },
    'what Redis was told': { text: redis.commands.join('\n'), control: REQUEST_ID },
    'the logs of all programs': { text: stack.readLogs(), control: REQUEST_ID },
    'the logs of the jobs': {
      text: (await Promise.all([jobs.refused.id, jobs.restore.id].map((id) => readJobLog(stack, id)))).join('\n'),
      control: 'source.credentials_rejected',
    },
    'the board of queues': { text: pages.join('\n'), control: REQUEST_ID },
    'the API’s answers': { text: JSON.stringify([await stack.call('GET', '/api/v1/clones'), jobs]), control: jobs.clone.id },
    traces: { text: Buffer.concat(spans), control: REQUEST_ID },
    'metrics of the API': {
      text: await textOf(`${stack.apiUrl}/metrics`, METRICS_TOKEN),
      control: 'wcr_api_request_duration_seconds_count{method="POST",route="/api/v1/restores",status="202"}',
    },
    'metrics of the worker': {
      text: await textOf(`http://127.0.0.1:${metricsPort}/metrics`),
      control: 'code="source.credentials_rejected"',
    },
    'arguments of processes': { text: [...processes.commandLines].join('\n'), control: '--headless' },
    'environments of what the programs start': { text: [...processes.environments].join('\n'), control: PASSED_ON },
    // Its pixels are not read: the fields are covered, and the page's source is taken in the same moment.
    'the page kept of a failed login': {
      text: Buffer.concat(kept.map((name) => readFileSync(join(artefacts, name)))),
      control: 'id="loginform"',
    },
  };
}

it('everything was lived through', () => {
  expect(jobs.refused.error?.code).toBe('source.credentials_rejected');
  expect([jobs.clone.status, jobs.restore.status], JSON.stringify(jobs.restore)).toEqual(['completed', 'completed']);
  for (const [name, secret] of Object.entries(secrets)) expect(secret.length, name).toBeGreaterThan(7);
});

describe('no secret is to be found', () => {
  // Each place is looked into by the same search for something that must be there.
  it.each([
    ...['what Redis holds', 'what Redis was told', 'the logs of all programs', 'the logs of the jobs', 'the board of queues'],
    ...['the API’s answers', 'traces', 'metrics of the API', 'metrics of the worker', 'arguments of processes'],
    ...['environments of what the programs start', 'the page kept of a failed login'],
  ])('in %s', (name) => {
    const { text, control } = places[name] ?? { text: '', control: 'nowhere' };
    expect(findSecrets(text, { ...secrets, control })).toEqual(['control']);
  });

  it('in files, but for those of the clone itself that must have them', () => {
    mkdirSync(join(stack.dir, 'planted'));
    writeFileSync(join(stack.dir, 'planted/file'), Buffer.from(`a ${admin.password}`).toString('base64'));
    const found = findInFiles(stack.dir, secrets, isLeftOut);
    expect(found.filter((place) => !BELONGS.some((allowed) => allowed.test(place)))).toEqual([
      'planted/file password of the admin',
    ]);
    for (const allowed of BELONGS) expect(found.filter((place) => allowed.test(place)).length).toBeGreaterThan(0);
  });
});

it('every line of every log is JSON, says who wrote it, and those of requests and jobs what they belong to', () => {
  const lines = stack
    .readLogs()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const line of lines)
    expect(line).toMatchObject({ level: expect.any(Number), time: expect.any(Number), msg: expect.any(String) });
  expect(new Set(lines.map((line) => line['name']))).toEqual(new Set(['api', 'gateway', 'worker']));
  const posts = lines.filter((line) => line['msg'] === 'request' && line['requestId'] === REQUEST_ID);
  const request = { method: 'POST', status: 202, ms: expect.any(Number), keyId: 'stack', traceId: expect.any(String) };
  expect(posts).toMatchObject([
    { ...request, route: '/api/v1/clones' },
    { ...request, route: '/api/v1/clones' },
    { ...request, route: '/api/v1/restores' },
  ]);
  const ofJobs = lines.filter((line) => line['name'] === 'worker' && line['jobId'] !== undefined);
  for (const line of ofJobs) expect(line).toMatchObject({ queue: expect.any(String), traceId: expect.any(String) });
  const steps = ofJobs.filter((line) => line['requestId'] === REQUEST_ID && line['msg'] === 'a step is finished');
  expect(steps.map((line) => line['step'])).toEqual(expect.arrayContaining(['copy-tables', 'copy-files', 'commit-restore']));
});

it('one trace leads from each request over its job and steps to agents, database and browser', () => {
  const names = (path: string) => {
    const root = collector.spans.filter(({ name, service }) => name === `POST ${path}` && service === 'wcr-api').at(-1);
    return new Set(collector.spans.filter(({ traceId }) => traceId === root?.traceId).map(({ name }) => name));
  };
  const cloned = [
    'enqueue clone',
    'job clone',
    'step copy-tables',
    'agent rows.read',
    'browser ensure-plugin',
    'database ensure-database',
  ];
  expect([...names('/api/v1/clones')]).toEqual(expect.arrayContaining(cloned));
  expect([...names('/api/v1/restores')]).toEqual(
    expect.arrayContaining(['job restore', 'step commit-restore', 'agent session.commit']),
  );
  const calls = collector.spans.filter(({ name }) => name === 'agent rows.read');
  expect(Math.max(...calls.map(({ attributes }) => Number(attributes['wcr.agent.bytes.received'])))).toBeGreaterThan(1_000);
});
