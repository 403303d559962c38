import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerConsent } from '../../../src/demo/consent-walk.js';
import { DAY } from '../../../src/domain/duration.js';
import { VaultError } from '../../../src/domain/errors.js';
import { browserAbsent, browserDouble, browserNever } from '../../doubles/browser.js';
import { htmlPage, oauthRefusal, refusedConnection, serverError } from '../../doubles/demo-faults.js';
import { type LoginTest, loginTest } from './login-test.js';

let stage: LoginTest;
beforeEach(async () => {
  stage = await loginTest();
});
afterEach(async () => {
  expect(await stage.vault.accounts()).toEqual([]);
  await stage.close();
});

const lastEvent = () => stage.events.at(-1);

describe('a login that the user ends', () => {
  it('by a refusal stores nothing', async () => {
    await expect(stage.logIn({}, { choice: { deny: true } })).rejects.toMatchObject({
      code: 'login_refused',
      message: 'the login was declined at demo (access_denied: the user refused)',
      hint: 'vault login demo',
    });
    expect(lastEvent()).toEqual({ event: 'login_failed', provider: 'demo', code: 'login_refused' });
    expect(stage.demo.requests.token).toBe(0);
  });

  it('by inaction times out, with the likely reasons', async () => {
    await expect(stage.logIn({ timeout: 30 }, { browser: browserAbsent })).rejects.toMatchObject({
      code: 'login_timed_out',
      message: 'the login was not completed within 0s',
      hint: [
        `if demo showed an error page, it may not accept the redirect URI (register exactly http://127.0.0.1/callback/demo; if it must have a port, choose one and add --port), the client id ${stage.demo.client.id}, or one of the scopes openid profile email offline_access: vault providers demo`,
        `if no page appeared, check whether ${new URL(stage.demo.issuer).host} answers`,
        'then: vault login demo',
      ].join('\n'),
      details: { redirect_uri: 'http://127.0.0.1/callback/demo' },
    });
  });

  it('by inaction is explained by the error pages of the provider', async () => {
    const deadEnds = [{ shows: '"Access blocked"', means: 'ask the administrator' }];
    const provider = async (name: string) => ({ ...(await stage.ctx.provider(name)), deadEnds });
    await expect(
      stage.logIn({ timeout: 30, as: 'work' }, { browser: browserAbsent, provider }),
    ).rejects.toMatchObject({
      hint: expect.stringMatching(/^if demo showed "Access blocked": ask the administrator\n/),
    });
  });

  it('by inaction shows the redirect URI with its port, if that is fixed', async () => {
    stage.settings['redirectPort'] = 17_891;
    await expect(stage.logIn({ timeout: 30 }, { browser: browserAbsent })).rejects.toMatchObject({
      hint: expect.stringContaining('(register exactly http://127.0.0.1:17891/callback/demo), the client id'),
    });
  });

  it('by an interruption returns the reason', async () => {
    const controller = new AbortController();
    const stop = new VaultError('interrupted', 'interrupted');
    const browser = browserDouble(async () => controller.abort(stop));
    await expect(stage.logIn({}, { browser, interruption: controller.signal })).rejects.toBe(stop);
    expect(lastEvent()).toEqual({ event: 'login_failed', provider: 'demo', code: 'interrupted' });
  });

  it('before it has begun does not open a browser', async () => {
    const stop = new VaultError('terminated', 'terminated');
    await expect(
      stage.logIn({}, { browser: browserNever, interruption: AbortSignal.abort(stop) }),
    ).rejects.toBe(stop);
  });

  it('waits however long the given time is', async () => {
    const { account, created } = await stage.logIn({ timeout: 30 * DAY });
    expect(created).toBe(true);
    await stage.vault.remove(account.id);
  });
});

describe('a login without a browser', () => {
  it('prints the address, and continues when it is opened elsewhere', async () => {
    const login = stage.logIn({ openBrowser: false }, { browser: browserNever });
    await expect.poll(() => stage.told[0]).toMatchObject({ kind: 'authorize', opened: false });
    const [event] = stage.told;
    if (event?.kind === 'authorize') await fetch(await answerConsent(event.url));
    await stage.vault.remove((await login).account.id);
  });

  it('that could not be started is reported as such', async () => {
    const login = stage.logIn({ timeout: 30 }, { browser: browserAbsent });
    await expect(login).rejects.toMatchObject({ code: 'login_timed_out' });
    expect(stage.told).toMatchObject([{ kind: 'authorize', opened: false }]);
  });
});

describe('a login that cannot begin', () => {
  it('fails before a browser opens if the port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(stage.logIn({ port }, { browser: browserNever })).rejects.toMatchObject({
      code: 'port_unavailable',
      hint: expect.any(String),
    });
    await new Promise((resolve) => taken.close(resolve));
  });

  it('fails before the vault is opened if nothing is configured', async () => {
    stage.settings['clientId'] = 'your-client-id';
    const vault = () => Promise.reject(new Error('the vault must not be opened here'));
    await expect(stage.logIn({}, { vaultOrNew: vault, browser: browserNever })).rejects.toMatchObject({
      code: 'client_not_configured',
    });
    expect(stage.events).toEqual([]);
  });

  it('fails before a browser opens if the vault is unavailable', async () => {
    const locked = new VaultError('key_locked', 'the OS keychain is locked');
    await expect(
      stage.logIn({}, { vaultOrNew: () => Promise.reject(locked), browser: browserNever }),
    ).rejects.toBe(locked);
  });

  it('fails before a browser opens if the server is unreachable', async () => {
    stage.demo.next('metadata', serverError(503));
    await expect(stage.logIn({}, { browser: browserNever })).rejects.toMatchObject({
      code: 'provider_unavailable',
    });
    stage.demo.next('metadata', refusedConnection);
    await expect(stage.logIn({}, { browser: browserNever })).rejects.toMatchObject({
      code: 'network_failed',
    });
  });

  it('fails before a browser opens if no user is identified and no name given', async () => {
    stage.settings['identity'] = { from: 'none' };
    await expect(stage.logIn({}, { browser: browserNever })).rejects.toMatchObject({
      code: 'usage',
      message: 'demo does not identify the user, so you must name the account',
      hint: 'vault login demo --as NAME\nor set userinfoEndpoint for it in config.json',
    });
    expect(stage.demo.requests.metadata).toBe(0);
  });
});

describe('a wrong answer to the login', () => {
  /** A browser that changes the redirect before it follows it. */
  const meddling = (change: (url: URL) => void) =>
    browserDouble(async (address, goTo) => {
      const url = new URL(await answerConsent(address));
      change(url);
      await goTo(url);
    });

  it.each<[string, (url: URL) => void, { why?: string }]>([
    [
      'does not come from the server',
      (url) => url.searchParams.set('iss', 'https://evil.example'),
      { why: 'other_issuer' },
    ],
    ['does not say which server it comes from', (url) => url.searchParams.delete('iss'), {}],
  ])('because it %s: the code is not sent', async (what, change, why) => {
    await expect(stage.logIn({}, { browser: meddling(change) })).rejects.toMatchObject({
      code: 'login_refused',
      message: expect.stringContaining(what),
      hint: 'vault login demo',
    });
    expect(stage.demo.requests.token).toBe(0);
    expect(lastEvent()).toEqual({ event: 'login_failed', provider: 'demo', code: 'login_refused', ...why });
  });

  it('with a wrong state does not end the login', async () => {
    const login = stage.logIn(
      { timeout: 400 },
      { browser: meddling((url) => url.searchParams.set('state', 'another-state')) },
    );
    await expect(login).rejects.toMatchObject({ code: 'login_timed_out' });
    expect(stage.events).toContainEqual({
      event: 'callback_refused',
      provider: 'demo',
      why: 'wrong_state',
      count: 1,
    });
  });

  it('with a changed code is refused by the provider', async () => {
    const browser = meddling((url) => url.searchParams.set('code', 'another-code'));
    await expect(stage.logIn({}, { browser })).rejects.toMatchObject({
      code: 'login_refused',
      message: 'demo no longer accepts the authorization code (invalid_grant: unknown or old code)',
    });
  });
});

describe('a token endpoint that returns no tokens', () => {
  it.each([
    ['is in trouble', serverError(503), 'provider_unavailable'],
    ['is hidden by a captive portal', htmlPage(), 'provider_unavailable'],
    ['breaks off', refusedConnection, 'network_failed'],
    ['refuses the client', oauthRefusal('invalid_client', 401), 'client_refused'],
    ['is bound by a policy', oauthRefusal('access_denied', 403), 'policy_refused'],
    ['no longer takes the code', oauthRefusal('invalid_grant'), 'login_refused'],
  ] as const)('because it %s ends the login as it is', async (_, fault, code) => {
    stage.demo.next('token', fault);
    await expect(stage.logIn()).rejects.toMatchObject({ code, hint: expect.any(String) });
    expect(stage.demo.requests.token).toBe(1);
    expect(lastEvent()).toEqual({ event: 'login_failed', provider: 'demo', code });
  });

  it('is reported if the access token is unusable', async () => {
    stage.demo.knobs.answerMembers = { access_token: 'with a\nline break' };
    await expect(stage.logIn()).rejects.toMatchObject({
      code: 'provider_answer_invalid',
      message: expect.stringContaining('demo sent no usable access token'),
    });
  });
});

describe('an id_token of another login', () => {
  const idToken = (claims: Readonly<Record<string, unknown>>) => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const seconds = Math.floor(stage.clock.now() / 1_000);
    const usual = {
      iss: stage.demo.issuer,
      aud: stage.demo.client.id,
      sub: 'demo-1815',
      iat: seconds,
      exp: seconds + 60,
    };
    return `${part({ alg: 'ES256' })}.${part({ ...usual, ...claims })}.c2lnbmF0dXJl`;
  };

  it.each([
    ['nonce', { nonce: 'of-another-login' }],
    ['aud', { nonce: 'x', aud: 'another-client' }],
    ['iss', { nonce: 'x', iss: 'https://evil.example' }],
  ])('is refused for its %s', async (claim, claims) => {
    stage.demo.knobs.answerMembers = { id_token: idToken(claims) };
    await expect(stage.logIn()).rejects.toMatchObject({
      code: 'provider_answer_invalid',
      message: expect.stringContaining(`the id_token is not for this login: its ${claim} is not as expected`),
    });
  });
});
