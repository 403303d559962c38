import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerConsent } from '../../../src/demo/consent-walk.js';
import { readPasted } from '../../../src/services/login/login-code.js';
import type { LoginEvent, LoginTalk } from '../../../src/services/login/login-request.js';
import { type BrowserDouble, browserAbsent, browserDouble } from '../../doubles/browser.js';
import { type LoginTest, loginTest, typing } from './login-test.js';

let stage: LoginTest;
beforeEach(async () => {
  stage = await loginTest();
});
afterEach(() => stage.close());

const addressTold = async (): Promise<LoginEvent & { kind: 'authorize' }> => {
  const [event] = stage.told;
  if (event?.kind !== 'authorize') throw new Error('no address was told');
  return event;
};

/** Consents elsewhere and pastes what the address bar holds there, after some other lines. */
function pasting(...before: readonly string[]): NonNullable<LoginTalk['pasted']> {
  return async function* (signal) {
    await expect.poll(() => stage.told.length).toBeGreaterThan(0);
    yield* before;
    yield await answerConsent((await addressTold()).url);
    yield* typing()(signal);
  };
}

/** Consents at the page that the browser shows, and pastes where that leads. */
function pastingFrom(browser: BrowserDouble): NonNullable<LoginTalk['pasted']> {
  return async function* (signal) {
    await expect.poll(() => browser.shown.length).toBe(1);
    yield await answerConsent(browser.shown[0] ?? '');
    yield* typing()(signal);
  };
}

const wrongPastes = () => stage.told.flatMap((event) => (event.kind === 'wrong_paste' ? [event.reason] : []));

describe('pasting the last address of the browser', () => {
  it('finishes a login that also listens', async () => {
    const { account } = await stage.logIn({}, { browser: browserAbsent, pasted: pasting() });
    expect(account.label).toBe('ada@example.com');
    expect(await stage.vault.consents(account.id)).toMatchObject([{ how: 'paste' }]);
  });

  it('finishes a login that does not listen', async () => {
    const { account } = await stage.logIn({ pasteOnly: true }, { browser: browserAbsent, pasted: pasting() });
    expect(account.label).toBe('ada@example.com');
    expect((await addressTold()).redirectUri).toBe('http://127.0.0.1:8976/callback/demo');
  });

  it('finishes a login at a public address, where nothing could listen', async () => {
    stage.settings['redirectUri'] = 'https://example.com/callback?from=demo';
    const answer = async function* () {
      await expect.poll(() => stage.told.length).toBeGreaterThan(0);
      const { url, redirectUri } = await addressTold();
      expect(redirectUri).toBe('https://example.com/callback?from=demo');
      const state = new URL(url).searchParams.get('state');
      yield `https://example.com/callback?from=demo&error=access_denied&state=${state}&iss=${stage.demo.issuer}`;
    };
    await expect(stage.logIn({}, { browser: browserAbsent, pasted: answer })).rejects.toMatchObject({
      code: 'login_refused',
    });
  });

  it('continues after lines that are not the answer, with a reason for each', async () => {
    const lines = [
      '',
      'what?',
      'https://example.com/callback?code=1',
      'http://127.0.0.1:8976/callback/demo?code=1&state=x',
    ];
    await stage.logIn({ pasteOnly: true }, { browser: browserAbsent, pasted: pasting(...lines) });
    expect(wrongPastes()).toEqual([
      'it is not a complete URL; copy everything from the address bar, beginning with http',
      'it does not start with http://127.0.0.1:8976/callback/demo',
      'it belongs to another login; use the page that was opened for this one',
    ]);
  });

  it('keeps the listener waiting if the input ends without an answer', async () => {
    const ended = async function* () {};
    expect((await stage.logIn({}, { pasted: ended })).created).toBe(true);
  });

  it('fails if the input ends and nothing listens', async () => {
    const ended = async function* () {};
    await expect(
      stage.logIn({ pasteOnly: true }, { browser: browserAbsent, pasted: ended }),
    ).rejects.toMatchObject({
      code: 'login_refused',
      message: 'the input ended before the redirect URL was pasted',
      hint: 'vault login demo --paste',
    });
  });

  it('is refused if the part that names the server was cut off', async () => {
    const cut: LoginTalk['pasted'] = async function* (signal) {
      for await (const line of pasting()(signal)) yield line.replace(/&iss=[^&]*/, '');
    };
    await expect(
      stage.logIn({ pasteOnly: true }, { browser: browserAbsent, pasted: cut }),
    ).rejects.toMatchObject({
      code: 'login_refused',
      message: expect.stringContaining('which server it comes from'),
      hint: 'vault login demo --paste',
    });
  });

  it('ends when the browser was faster', async () => {
    let over = false;
    const reading: LoginTalk['pasted'] = async function* (signal) {
      yield* typing()(signal);
      over = true;
    };
    await stage.logIn({}, { pasted: reading });
    await expect.poll(() => over).toBe(true);
  });
});

describe('the port of a pasted login', () => {
  let other: Server;
  let port: number;
  beforeEach(async () => {
    other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    ({ port } = other.address() as AddressInfo);
  });
  afterEach(() => other.close());

  it('is held, and its page says to copy the address', async () => {
    other.close();
    await once(other, 'close');
    let callback = '';
    const browser = browserDouble(async (url, goTo) => {
      const answer = await answerConsent(url);
      expect(await (await goTo(answer)).text()).toContain('Copy the address of this page');
      callback = answer;
    });
    const pasted: LoginTalk['pasted'] = async function* (signal) {
      await expect.poll(() => callback).not.toBe('');
      yield callback;
      yield* typing()(signal);
    };
    const { account } = await stage.logIn({ pasteOnly: true, port }, { browser, pasted });
    expect(await stage.vault.consents(account.id)).toMatchObject([{ how: 'paste' }]);
    expect(new URL(browser.opened[0] ?? '').port).toBe(String(port));
  });

  it('may belong to another program with PKCE, and the login uses a start page', async () => {
    const browser = browserDouble(async () => {});
    const isOthersPort = async () => true;
    const over = { browser, pasted: pastingFrom(browser), isOthersPort };
    expect((await stage.logIn({ pasteOnly: true, port }, over)).created).toBe(true);
    expect(browser.opened[0]).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}$/);
    expect(new URL(browser.opened[0] ?? '').port).not.toBe(String(port));
  });

  it.each([
    ['another user is not used', true, 'port_unavailable'],
    // The server wants PKCE, so it has been asked.
    ['the person is used', false, 'client_refused'],
  ])('that belongs to %s without PKCE', async (_, isOthers, code) => {
    stage.settings['pkce'] = false;
    const over = { browser: browserAbsent, pasted: pasting(), isOthersPort: async () => isOthers };
    await expect(stage.logIn({ pasteOnly: true, port }, over)).rejects.toMatchObject({ code });
  });

  it('ends the login if its start page is opened twice', async () => {
    const browser = browserDouble(async () => {
      await fetch(browser.opened[0] ?? '', { redirect: 'manual' });
    });
    const login = stage.logIn({ pasteOnly: true, port }, { browser, pasted: typing() });
    await expect(login).rejects.toMatchObject({ code: 'login_opened_twice' });
  });
});

describe('a pasted address', () => {
  const REDIRECT = 'http://127.0.0.1:8976/callback/demo';
  const read = (line: string) => readPasted(line, REDIRECT, 'the-state');

  it.each([
    `${REDIRECT}?code=1&state=the-state`,
    `${REDIRECT}?error=access_denied&state=the-state`,
    `${REDIRECT}?code=1&state=the-state#_=_`,
  ])('is accepted: %s', (line) => {
    expect(read(line)).toBeInstanceOf(URL);
  });

  it.each([
    ['no address', '127.0.0.1:8976/callback/demo?code=1'],
    ['another port', 'http://127.0.0.1:8977/callback/demo?code=1&state=the-state'],
    ['another path', 'http://127.0.0.1:8976/callback/other?code=1&state=the-state'],
    ['another host', 'http://localhost:8976/callback/demo?code=1&state=the-state'],
    ['another scheme', 'https://127.0.0.1:8976/callback/demo?code=1&state=the-state'],
    ['no state', `${REDIRECT}?code=1`],
    ['another state', `${REDIRECT}?code=1&state=the-stat`],
    ['no code', `${REDIRECT}?state=the-state`],
    ['two states', `${REDIRECT}?code=1&state=the-state&state=the-state`],
  ])('is not accepted with %s', (_, line) => {
    expect(read(line)).toBeTypeOf('string');
  });
});
