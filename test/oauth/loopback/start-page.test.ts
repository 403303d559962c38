import { expect, it } from 'vitest';
import type { LoopbackOptions } from '../../../src/oauth/loopback/listener.js';
import { STATE, type Stage, stage } from './stage.js';

const TARGET = 'https://provider.example/authorize?state=state-example';
const CALLBACK = `/callback?code=code-example&state=${STATE}`;
const DENIED = `/callback?error=access_denied&state=${STATE}`;

interface Begun extends Stage {
  readonly start: string;
  /** What the start page sets, as a browser sends it back. */
  visit(): Promise<string>;
  getWith(cookie: string, target: string): ReturnType<Stage['get']>;
}

async function begun(change: Partial<LoopbackOptions> = {}): Promise<Begun> {
  const login = await stage(change);
  const address = new URL(login.listener.begin(TARGET));
  expect(address.origin).toBe(new URL(login.listener.redirectUri).origin);
  const getWith = (cookie: string, target: string) =>
    login.send(`GET ${target} HTTP/1.1`, [`Host: ${address.host}`, `Cookie: ${cookie}`]);
  const visit = async () => (await login.get(address.pathname)).headers['set-cookie']?.split(';', 1)[0] ?? '';
  return { ...login, start: address.pathname, visit, getWith };
}

it('the start page sets a cookie for this login and redirects to the provider', async () => {
  const { start, get } = await begun();
  expect(start).toMatch(/^\/[\w-]{43}$/);
  const first = await get(start);
  expect(first).toMatchObject({
    status: 303,
    headers: { location: TARGET, 'referrer-policy': 'no-referrer' },
  });
  expect(first.headers['set-cookie']).toMatch(
    /^vault-login-[\w-]{43}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/,
  );
});

it('the start page is on the host of the redirect URI, which gets the cookie', async () => {
  const { listener } = await stage({ host: 'localhost' });
  expect(new URL(listener.begin(TARGET)).hostname).toBe('localhost');
});

it('the answer with the cookie ends the wait, and the cookie is deleted', async () => {
  const { visit, getWith, listener } = await begun();
  const cookie = await visit();
  const answer = await getWith(`theme=dark; ${cookie}; other=1`, CALLBACK);
  expect(answer).toMatchObject({ status: 302, headers: { location: '/done' } });
  expect(answer.headers['set-cookie']).toBe(`${cookie}; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`);
  expect((await listener.response).searchParams.get('code')).toBe('code-example');
});

it.each([
  ['a code without the cookie', CALLBACK, ''],
  ['a refusal without the cookie', DENIED, ''],
  ['a code with a cookie of another value', CALLBACK, 'wrong'],
])('%s is refused, and the login continues', async (_, target, kind) => {
  const { visit, get, getWith, outcome, strays } = await begun();
  const cookie = await visit();
  const [name] = cookie.split('=');
  const answer = kind === '' ? await get(target) : await getWith(`${name}=x; vault-login=${cookie}`, target);
  expect(answer).toMatchObject({
    status: 403,
    body: expect.stringContaining('not the browser of the login'),
  });
  expect(strays).toEqual(['wrong_browser']);
  expect(await outcome()).toBe('waiting');
  expect((await getWith(cookie, CALLBACK)).status).toBe(302);
});

it('an answer before the first visit to the start page is refused', async () => {
  const { get, outcome } = await begun();
  expect((await get(CALLBACK)).status).toBe(403);
  expect(await outcome()).toBe('waiting');
});

it('a second visitor ends the login, with an error that says so', async () => {
  const { visit, get, getWith, start, listener, strays } = await begun();
  const cookie = await visit();
  expect(await get(start)).toMatchObject({
    status: 403,
    body: expect.stringContaining('Another user of this machine may have opened it'),
  });
  await expect(listener.response).rejects.toMatchObject({
    code: 'login_opened_twice',
    message: expect.stringContaining('another user of this machine may have opened it'),
  });
  expect((await getWith(cookie, CALLBACK)).status).toBe(410);
  expect(strays).toEqual(['second_visit']);
});

it('the same browser may visit the start page again, without a second cookie', async () => {
  const { visit, getWith, start, outcome } = await begun();
  const cookie = await visit();
  const again = await getWith(cookie, start);
  expect(again).toMatchObject({ status: 303, headers: { location: TARGET } });
  expect(again.headers).not.toHaveProperty('set-cookie');
  expect(await outcome()).toBe('waiting');
  expect((await getWith(cookie, CALLBACK)).status).toBe(302);
  expect((await getWith(cookie, start)).status).toBe(410);
});

it.each([
  ['HEAD', 'HEAD', [], 405],
  ['POST', 'POST', [], 405],
  ['a prefetch', 'GET', ['Sec-Purpose: prefetch;prerender'], 503],
  ['an older prefetch', 'GET', ['Purpose: prefetch'], 503],
  ['a prefetch of Firefox', 'GET', ['X-Moz: prefetch'], 503],
  ['a page that embeds it as a picture', 'GET', ['Sec-Fetch-Dest: image'], 503],
  ['a page that frames it', 'GET', ['Sec-Fetch-Dest: iframe'], 503],
  ['another host', 'GET', ['Host: evil.example'], 400],
])('%s does not count as a visit', async (_, method, headers, status) => {
  const { start, send, visit, listener, getWith } = await begun();
  const host = headers.some((header) => header.startsWith('Host'))
    ? []
    : [`Host: 127.0.0.1:${listener.port}`];
  expect((await send(`${method} ${start} HTTP/1.1`, [...host, ...headers])).status).toBe(status);
  const cookie = await visit();
  expect((await getWith(cookie, CALLBACK)).status).toBe(302);
});

it('a browser that declares a navigation counts as a visit', async () => {
  const { start, send, listener } = await begun();
  const headers = [`Host: 127.0.0.1:${listener.port}`, 'Sec-Fetch-Dest: document', 'Sec-Fetch-Site: none'];
  expect((await send(`GET ${start} HTTP/1.1`, headers)).status).toBe(303);
});

it('another user of the machine does not count as a visitor', async () => {
  let other = true;
  const { start, get, visit, outcome } = await begun({ isOtherUser: async () => other });
  expect((await get(start)).status).toBe(403);
  // A browser that `sudo -u` started for another user gets no further, and its address there is no answer.
  expect(await get(start)).toMatchObject({ status: 403, body: expect.stringContaining('--no-browser') });
  expect(await outcome()).toBe('waiting');
  other = false;
  expect(await visit()).toMatch(/^vault-login-/);
});

it('a closed connection does not count as a visit: its user may be unknown', async () => {
  let found: boolean | 'gone' = 'gone';
  const { start, get, visit, outcome, strays } = await begun({ isOtherUser: async () => found });
  expect((await get(start)).status).toBe(503);
  found = false;
  expect(await visit()).toMatch(/^vault-login-/);
  found = 'gone';
  expect((await get(start)).status).toBe(503);
  expect(await outcome()).toBe('waiting');
  expect(strays).toEqual(['hung_up', 'hung_up']);
});

it('without an opened browser any browser may bring the answer', async () => {
  const unseen = await begun();
  expect(unseen.listener.withdraw()).toBe(true);
  expect((await unseen.get(unseen.start)).status).toBe(404);
  expect((await unseen.get(CALLBACK)).status).toBe(302);
  const seen = await begun();
  await seen.visit();
  expect(seen.listener.withdraw()).toBe(false);
  expect((await seen.get(CALLBACK)).status).toBe(403);
});

it('two concurrent logins have separate cookies', async () => {
  const [one, two] = [await begun(), await begun()];
  const cookies = [await one.visit(), await two.visit()];
  const both = cookies.join('; ');
  expect(new Set(cookies.map((cookie) => cookie.split('=')[0])).size).toBe(2);
  expect((await one.getWith(both, CALLBACK)).status).toBe(302);
  expect((await two.getWith(both, CALLBACK)).status).toBe(302);
});

it('a pasted login shows the answer for copying, any number of times', async () => {
  const { visit, getWith, get, outcome } = await begun({ toBeCopied: true });
  const cookie = await visit();
  for (const _ of [1, 2]) {
    const answer = await getWith(cookie, CALLBACK);
    expect(answer).toMatchObject({ status: 200, body: expect.stringContaining('Copy the address') });
  }
  expect((await get(CALLBACK)).status).toBe(403);
  expect(await outcome()).toBe('waiting');
});
