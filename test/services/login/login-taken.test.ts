import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerConsent } from '../../../src/demo/consent-walk.js';
import { browserAbsent, browserDouble } from '../../doubles/browser.js';
import { DESKTOP } from '../../doubles/surroundings.js';
import { type LoginTest, loginTest, typing } from './login-test.js';

let stage: LoginTest;
beforeEach(async () => {
  stage = await loginTest();
});
afterEach(() => stage.close());

const refused = (why: string, count = 1) => ({ event: 'callback_refused', provider: 'demo', why, count });
const accounts = async () => (await stage.vault.accounts()).map(({ label }) => label);

/** Takes the answer to where it is due, without the cookie of the browser. */
async function bring(callback: string): Promise<number> {
  return (await fetch(callback)).status;
}

describe('a user who sees the arguments of the browser', () => {
  it('learns nothing about the authorization request from them', async () => {
    const browser = browserDouble(async (url, goTo) => goTo(await answerConsent(url)));
    await stage.logIn({}, { browser });
    const asked = new URL(browser.shown[0] ?? '').searchParams;
    for (const name of ['state', 'nonce', 'code_challenge', 'client_id'])
      expect(browser.opened[0]).not.toContain(asked.get(name));
  });

  it('cannot finish or end the login without the cookie', async () => {
    const statuses: number[] = [];
    const browser = browserDouble(async (url, goTo) => {
      statuses.push(await bring(await answerConsent(url, { person: 'grace' })));
      statuses.push(await bring(await answerConsent(url, { deny: true })));
      await goTo(await answerConsent(url));
    });
    await stage.logIn({}, { browser });
    expect(statuses).toEqual([403, 403]);
    expect(await accounts()).toEqual(['ada@example.com']);
    expect(stage.events).toEqual(
      expect.arrayContaining([refused('wrong_browser', 1), refused('wrong_browser', 2)]),
    );
  });

  it('stops the login by opening the start page, and the error says so', async () => {
    const browser = browserDouble(async () => {
      await fetch(browser.opened[0] ?? '', { redirect: 'manual' });
    });
    await expect(stage.logIn({}, { browser })).rejects.toMatchObject({
      code: 'login_opened_twice',
      exitCode: 4,
      hint: 'vault login demo --no-browser',
    });
    expect(await accounts()).toEqual([]);
    expect(stage.events.slice(-2)).toEqual([
      refused('second_visit'),
      { event: 'login_failed', provider: 'demo', code: 'login_opened_twice' },
    ]);
  });

  it('is refused as another user of the machine on every path', async () => {
    let others = true;
    const browser = {
      async open(start: string) {
        const page = await fetch(start, { redirect: 'manual' });
        expect([page.status, page.headers.get('location')]).toEqual([403, null]);
        others = false;
        return theirs.open(start);
      },
    };
    const theirs = browserDouble(async (url, goTo) => goTo(await answerConsent(url)));
    await stage.logIn({}, { browser, isOtherUser: async () => others });
    expect(stage.events).toContainEqual(refused('other_user'));
  });
});

describe('the alternatives to the opened browser', () => {
  const told = () => {
    const [event] = stage.told;
    if (event?.kind !== 'authorize') throw new Error('no address was told');
    return event;
  };

  it('a pasted address finishes the login that has opened a browser', async () => {
    let callback = '';
    const browser = browserDouble(async (url) => {
      callback = await answerConsent(url, { person: 'grace' });
    });
    const pasted = async function* (signal: AbortSignal) {
      await expect.poll(() => callback).not.toBe('');
      yield callback;
      yield* typing()(signal);
    };
    expect((await stage.logIn({}, { browser, pasted })).account.label).toBe('grace@example.com');
    expect(told().opened).toBe(true);
  });

  it.each([
    ['with --no-browser', { openBrowser: false }, {}],
    ['where no browser can be opened', {}, { browser: browserAbsent }],
    [
      'in a codespace, whose browser is elsewhere',
      {},
      { browser: browserAbsent, surroundings: { ...DESKTOP, codespace: true } },
    ],
  ])('any browser may bring the answer %s', async (_, request, over) => {
    const login = stage.logIn(request, { browser: browserAbsent, ...over });
    await expect.poll(() => stage.told.length).toBe(1);
    expect(told().opened).toBe(false);
    expect(await bring(await answerConsent(told().url))).toBe(200);
    expect((await login).created).toBe(true);
  });

  it('a browser that was opened counts even if its launcher reports a failure', async () => {
    const shown = browserDouble(async (url, goTo) => {
      await expect.poll(() => stage.told.length).toBe(1);
      await goTo(await answerConsent(url));
    });
    const browser = {
      async open(start: string) {
        await shown.open(start);
        await expect.poll(() => shown.shown.length).toBe(1);
        return false;
      },
    };
    await stage.logIn({}, { browser });
    expect(told()).toMatchObject({ opened: false, url: shown.opened[0] });
  });
});
