import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerConsent } from '../../../src/demo/consent-walk.js';
import type { LoginEvent, LoginTalk } from '../../../src/services/contract.js';
import { readPasted } from '../../../src/services/login/login-answer.js';
import { browserAbsent } from '../../doubles/browser.js';
import { type LoginStage, openLoginStage, typing } from './logging-in.js';

let stage: LoginStage;
beforeEach(async () => {
  stage = await openLoginStage();
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

const wrongPastes = () => stage.told.flatMap((event) => (event.kind === 'wrong_paste' ? [event.reason] : []));

describe('pasting the address the browser ended at', () => {
  it('finishes a login that listens as well', async () => {
    const { account } = await stage.logIn({}, { browser: browserAbsent, pasted: pasting() });
    expect(account.label).toBe('ada@example.com');
    expect(await stage.vault.consents(account.id)).toMatchObject([{ how: 'paste' }]);
  });

  it('finishes a login that does not listen at all', async () => {
    const { account } = await stage.logIn({ pasteOnly: true }, { browser: browserAbsent, pasted: pasting() });
    expect(account.label).toBe('ada@example.com');
    expect((await addressTold()).redirectUri).toBe('http://127.0.0.1:8976/callback/demo');
  });

  it('finishes a login at an address of the person’s own, where nothing could listen', async () => {
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

  it('goes on after lines that are not the answer, and says of each why', async () => {
    const lines = [
      '',
      'what?',
      'https://example.com/callback?code=1',
      'http://127.0.0.1:8976/callback/demo?code=1&state=x',
    ];
    await stage.logIn({ pasteOnly: true }, { browser: browserAbsent, pasted: pasting(...lines) });
    expect(wrongPastes()).toEqual([
      'that is not a whole address; copy everything from the address bar, from http on',
      'that address does not begin with http://127.0.0.1:8976/callback/demo',
      'that address belongs to another login; use the page that was opened for this one',
    ]);
  });

  it('leaves the listener waiting when the input ends without an answer', async () => {
    const ended = async function* () {};
    expect((await stage.logIn({}, { pasted: ended })).created).toBe(true);
  });

  it('is refused when the input ends and nothing listens', async () => {
    const ended = async function* () {};
    await expect(
      stage.logIn({ pasteOnly: true }, { browser: browserAbsent, pasted: ended }),
    ).rejects.toMatchObject({
      code: 'login_refused',
      message: 'the input ended before the redirect URL was pasted',
      hint: 'vault login demo --paste',
    });
  });

  it('is refused when the end that names the server was cut off, with the command for another attempt', async () => {
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

  it('ends the reading when the browser was faster', async () => {
    let over = false;
    const reading: LoginTalk['pasted'] = async function* (signal) {
      yield* typing()(signal);
      over = true;
    };
    await stage.logIn({}, { pasted: reading });
    await expect.poll(() => over).toBe(true);
  });
});

describe('a pasted address', () => {
  const REDIRECT = 'http://127.0.0.1:8976/callback/demo';
  const read = (line: string) => readPasted(line, REDIRECT, 'the-state');

  it.each([
    `${REDIRECT}?code=1&state=the-state`,
    `${REDIRECT}?error=access_denied&state=the-state`,
    `${REDIRECT}?code=1&state=the-state#_=_`,
  ])('is taken: %s', (line) => {
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
  ])('is not taken with %s', (_, line) => {
    expect(read(line)).toBeTypeOf('string');
  });
});
