import type { CallOptions, TestApi } from './start-api.ts';

/** What a browser says of a page of ours. */
export const HERE = { origin: 'http://localhost' };

/** A person with a session. Nothing is sent as a bearer token. */
export type Person = {
  readonly cookie: string;
  /** What the session's forms carry. */
  readonly token: string;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Sends a form as a page of ours does. */
  post(path: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Response>;
};

/** Sends a form to the page where people sign in. @returns the answer, and the cookie a browser would send from then on */
export async function sendSignIn(
  api: TestApi,
  fields: Record<string, string>,
  { headers = HERE, peer }: Pick<CallOptions, 'headers' | 'peer'> = {},
): Promise<{ answer: Response; setCookie: string; cookie: string }> {
  const answer = await sendForm(api, '/sign-in', fields, { headers, ...(peer === undefined ? {} : { peer }) });
  const setCookie = answer.headers.get('set-cookie') ?? '';
  return { answer, setCookie, cookie: setCookie.split(';')[0] ?? '' };
}

/** Signs in with a key. */
export async function signInAs(api: TestApi, key: string): Promise<Person> {
  const { cookie } = await sendSignIn(api, { key });
  return personOf(api, cookie, await formTokenOf(api, cookie));
}

/** The token of a session's forms, as its pages show it. */
export async function formTokenOf(api: TestApi, cookie: string): Promise<string> {
  const page = await (await api.call('GET', '/sign-in', { key: null, headers: { cookie } })).text();
  return /name="token" value="([^"]+)"/.exec(page)?.[1] ?? '';
}

function personOf(api: TestApi, cookie: string, token: string): Person {
  return {
    cookie,
    token,
    get: (path, headers = {}) => api.call('GET', path, { key: null, headers: { cookie, ...headers } }),
    post: (path, fields = {}, headers = {}) =>
      sendForm(api, path, { token, ...fields }, { headers: { cookie, ...HERE, ...headers } }),
  };
}

function sendForm(api: TestApi, path: string, fields: Record<string, string>, options: CallOptions): Promise<Response> {
  const headers = { ...options.headers, 'content-type': 'application/x-www-form-urlencoded' };
  return api.call('POST', path, { ...options, key: null, body: new URLSearchParams(fields).toString(), headers });
}
