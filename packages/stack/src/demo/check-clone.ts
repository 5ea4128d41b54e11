import { createHash } from 'node:crypto';
import type { Credentials } from '@wcr/cli/api/answers';
import { SAMPLE } from '../sites/sample-site.ts';

type Source = { readonly url: string; readonly headers: Readonly<Record<string, string>> };
type Check = { readonly what: string; readonly problem: () => Promise<string | undefined> };

/**
 * Looks at a clone of the sample as a visitor would.
 * @returns one line per thing that is not as on the source; none when all is well
 */
export async function findCloneProblems(options: {
  readonly cloneUrl: string;
  readonly sourceUrl: string;
  /** Sent to the source only, e.g. what HTTP Basic authentication in front of it asks for. */
  readonly sourceHeaders?: Readonly<Record<string, string>>;
  readonly credentials: Credentials;
}): Promise<string[]> {
  const clone = options.cloneUrl.replace(/\/+$/, '');
  const source: Source = { url: options.sourceUrl, headers: options.sourceHeaders ?? {} };
  const checks: readonly Check[] = [
    { what: 'the front page', problem: () => lookAtFrontPage(clone, source.url) },
    { what: 'a post', problem: () => lookAtPost(clone) },
    { what: 'a picture', problem: () => comparePicture(clone, source) },
    { what: 'the REST API', problem: () => comparePosts(clone, source) },
    { what: 'the login', problem: () => tryLogin(options.credentials) },
  ];
  const problems: string[] = [];
  for (const { what, problem } of checks) {
    const found = await problem().catch((error: unknown) => String(error));
    if (found !== undefined) problems.push(`${what}: ${found}`);
  }
  return problems;
}

async function lookAtFrontPage(clone: string, source: string): Promise<string | undefined> {
  const html = await readText(`${clone}/`);
  const missing = [SAMPLE.title, SAMPLE.frontPage, SAMPLE.customer, `${clone}/${SAMPLE.picture}`].find(
    (part) => !html.includes(part),
  );
  if (missing !== undefined) return `it lacks "${missing}"`;
  return html.includes(source) ? `it still names ${source}` : undefined;
}

async function lookAtPost(clone: string): Promise<string | undefined> {
  const posts = JSON.parse(await readText(`${clone}/?rest_route=/wp/v2/posts&slug=${SAMPLE.post.slug}`)) as { link: string }[];
  const html = await readText(posts[0]?.link ?? '');
  return html.includes(SAMPLE.post.title) ? undefined : `it lacks "${SAMPLE.post.title}"`;
}

async function comparePicture(clone: string, source: Source): Promise<string | undefined> {
  const [copy, original] = await Promise.all([
    digestOf(`${clone}/${SAMPLE.picture}`),
    digestOf(`${source.url}/${SAMPLE.picture}`, source.headers),
  ]);
  return copy === original ? undefined : 'its bytes differ from the source’s';
}

async function comparePosts(clone: string, source: Source): Promise<string | undefined> {
  const titles = async (site: string, headers = {}): Promise<string> =>
    readText(`${site}/?rest_route=/wp/v2/posts&per_page=100&_fields=id,slug,title`, headers);
  return (await titles(clone)) === (await titles(source.url, source.headers))
    ? undefined
    : 'it lists other posts than the source’s';
}

async function tryLogin({ username, password, loginUrl }: Credentials): Promise<string | undefined> {
  const answer = await fetch(loginUrl, {
    method: 'POST',
    redirect: 'manual',
    headers: { Cookie: 'wordpress_test_cookie=WP%20Cookie%20check' },
    body: new URLSearchParams({ log: username, pwd: password, 'wp-submit': 'Log In', testcookie: '1' }),
  });
  await answer.text();
  const cookies = answer.headers.getSetCookie().join('\n');
  return cookies.includes('wordpress_logged_in_') ? undefined : `it was refused (status ${answer.status})`;
}

async function readText(url: string, headers: Source['headers'] = {}): Promise<string> {
  const answer = await fetch(url, { headers });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.text();
}

async function digestOf(url: string, headers: Source['headers'] = {}): Promise<string> {
  const answer = await fetch(url, { headers });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return createHash('sha256')
    .update(Buffer.from(await answer.arrayBuffer()))
    .digest('hex');
}
