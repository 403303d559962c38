import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../../src/domain/duration.js';
import { NOW } from '../../doubles/terminal.js';
import { type LoginTest, loginTest } from './login-test.js';

let stage: LoginTest;
beforeEach(async () => {
  stage = await loginTest();
});
afterEach(() => stage.close());

const accounts = async () => (await stage.vault.accounts()).map(({ label }) => label);

describe('a first login', () => {
  it('stores a new account with everything the provider returned', async () => {
    const result = await stage.logIn();
    expect(result).toMatchObject({
      created: true,
      renamedFrom: null,
      keptRefreshToken: false,
      missingScopes: [],
      identity: { subject: 'demo-1815', email: 'ada@example.com', name: 'Ada Lovelace' },
    });
    const account = await stage.account(result.account);
    expect(account).toMatchObject({
      provider: 'demo',
      label: 'ada@example.com',
      issuer: stage.demo.issuer,
      tokenEndpoint: stage.demo.endpoints.token,
      clientId: stage.demo.client.id,
      generation: 1,
      status: 'active',
      reason: null,
      askedScopes: ['openid', 'profile', 'email', 'offline_access'],
      grantedScopes: ['openid', 'profile', 'email', 'offline_access'],
      tokenType: 'Bearer',
      issuedAt: NOW,
      expiresAt: NOW + HOUR,
      hasRefreshToken: true,
      lastRefreshAt: null,
      createdAt: NOW,
    });
    expect(await stage.tokens(account)).toEqual({
      access: expect.stringMatching(/^demo-access-/),
      refresh: expect.stringMatching(/^demo-refresh-/),
    });
    expect(await stage.vault.identity(account)).toEqual(result.identity);
  });

  it('stores the id_token with its end', async () => {
    const account = await stage.account((await stage.logIn()).account);
    expect((await stage.vault.idToken(account))?.reveal()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(account.idTokenExpiresAt).toBe(NOW + 5 * MINUTE);
  });

  it('records how the user consented', async () => {
    const { account } = await stage.logIn({ scopes: ['openid', 'email'] });
    expect(await stage.vault.consents(account.id)).toEqual([
      { at: NOW, how: 'browser', askedScopes: ['openid', 'email'], grantedScopes: ['openid', 'email'] },
    ]);
  });

  it('sends the authorization request with state, nonce, PKCE and the given options', async () => {
    await stage.logIn({ scopes: ['email'], loginHint: 'ada@example.com' });
    const event = stage.told[0];
    if (event?.kind !== 'authorize') throw new Error('the person was not told the address');
    const { searchParams, origin, pathname } = new URL(stage.shown[0] ?? '');
    expect(`${origin}${pathname}`).toBe(stage.demo.endpoints.authorize);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      client_id: stage.demo.client.id,
      redirect_uri: event.redirectUri,
      scope: 'openid email',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      login_hint: 'ada@example.com',
    });
    expect(event.redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback\/demo$/);
  });

  it('prints to the user what happens, in order', async () => {
    await stage.logIn();
    expect(stage.told).toMatchObject([{ kind: 'authorize', opened: true }, { kind: 'code_received' }]);
  });

  it('is recorded from beginning to end, without a secret', async () => {
    const { account } = await stage.logIn();
    expect(stage.events).toMatchObject([
      { event: 'login_started', provider: 'demo' },
      { event: 'login_finished', provider: 'demo', account: account.id, created: true },
    ]);
  });

  it.each(['none', 'post', 'basic', 'basic-raw'] as const)(
    'works with the client authentication %s',
    async (clientAuth) => {
      await stage.close();
      stage = await loginTest({ clientAuth });
      if (clientAuth !== 'none') stage.settings['clientAuth'] = clientAuth;
      expect((await stage.logIn()).created).toBe(true);
    },
  );
});

describe('a login with less than was requested', () => {
  it('of scopes stores the account and reports what is missing', async () => {
    const { account, missingScopes } = await stage.logIn({}, { choice: { without: ['profile'] } });
    expect(missingScopes).toEqual(['profile']);
    expect(await stage.account(account)).toMatchObject({
      status: 'insufficient_scope',
      reason: 'not granted: profile',
      grantedScopes: ['openid', 'email', 'offline_access'],
    });
    expect(await stage.vault.consents(account.id)).toMatchObject([
      {
        askedScopes: ['openid', 'profile', 'email', 'offline_access'],
        grantedScopes: ['openid', 'email', 'offline_access'],
      },
    ]);
  });

  it('of scopes becomes complete when the user allows the rest', async () => {
    await stage.logIn({}, { choice: { without: ['profile'] } });
    const { account, created } = await stage.logIn();
    expect(created).toBe(false);
    expect(await stage.account(account)).toMatchObject({ status: 'active', reason: null });
  });

  it('of a refresh token stores the account without one', async () => {
    stage.demo.knobs.refreshTokens = 'none';
    const { account, keptRefreshToken } = await stage.logIn();
    expect(account.hasRefreshToken).toBe(false);
    expect(keptRefreshToken).toBe(false);
  });

  it('of a refresh token keeps the one that is stored', async () => {
    const first = await stage.logIn();
    const { refresh } = await stage.tokens(first.account);
    stage.demo.knobs.refreshTokens = 'none';
    const second = await stage.logIn();
    expect(second).toMatchObject({ created: false, keptRefreshToken: true });
    expect(await stage.tokens(second.account)).toEqual({ access: expect.any(String), refresh });
  });
});

describe('the same user again', () => {
  it('updates the account, whatever its name', async () => {
    const first = await stage.logIn({ as: 'work' });
    const before = await stage.tokens(first.account);
    const second = await stage.logIn();
    expect(second).toMatchObject({
      created: false,
      renamedFrom: null,
      account: { id: first.account.id, label: 'work' },
    });
    expect((await stage.account(first.account)).generation).toBe(2);
    expect(await stage.tokens(first.account)).not.toEqual(before);
    expect(await stage.vault.consents(first.account.id)).toHaveLength(2);
    expect(await accounts()).toEqual(['work']);
  });

  it('under another name renames the account', async () => {
    const first = await stage.logIn();
    const second = await stage.logIn({ as: 'work' });
    expect(second).toMatchObject({
      created: false,
      renamedFrom: 'demo/ada@example.com',
      account: { id: first.account.id },
    });
    expect(await accounts()).toEqual(['work']);
  });

  it('removes the id_token if it brings none', async () => {
    await stage.logIn();
    stage.demo.knobs.omitMembers = ['id_token'];
    const account = await stage.account((await stage.logIn()).account);
    expect([account.idTokenExpiresAt, await stage.vault.idToken(account)]).toEqual([null, null]);
    expect((await stage.vault.identity(account)).email).toBe('ada@example.com');
  });

  it('makes an account that needed a login active again', async () => {
    const { account } = await stage.logIn();
    const attempt = {
      status: 'login_needed',
      reason: 'dead',
      lastError: 'login_needed',
      failures: 3,
      retryAt: null,
      updatedAt: NOW,
      settled: true,
    } as const;
    await stage.vault.recordAttempt(account, attempt);
    await stage.logIn();
    expect(await stage.account(account)).toMatchObject({
      status: 'active',
      reason: null,
      lastError: null,
      failures: 0,
    });
  });
});

describe('another user', () => {
  it('gets a new account', async () => {
    await stage.logIn();
    expect((await stage.logIn({}, { choice: { person: 'grace' } })).created).toBe(true);
    expect(await accounts()).toEqual(['ada@example.com', 'grace@example.com']);
  });

  it('under a name of another user is refused, and nothing is stored', async () => {
    const first = await stage.logIn({ as: 'work' });
    const before = await stage.account(first.account);
    await expect(stage.logIn({ as: 'work' }, { choice: { person: 'grace' } })).rejects.toMatchObject({
      code: 'account_name_taken',
      message:
        'the name demo/work belongs to another user, so nothing was stored; the new grant was revoked at demo',
      hint: 'log in as that user, or choose another name: vault login demo --as NAME',
    });
    expect(await accounts()).toEqual(['work']);
    expect(await stage.account(first.account)).toEqual(before);
    expect(stage.events.at(-1)).toEqual({
      event: 'login_failed',
      provider: 'demo',
      code: 'account_name_taken',
    });
  });

  it('with an existing account cannot take that name either, and keeps theirs', async () => {
    await stage.logIn({ as: 'work' });
    const grace = await stage.logIn({ as: 'home' }, { choice: { person: 'grace' } });
    const before = await stage.account(grace.account);
    await expect(stage.logIn({ as: 'work' }, { choice: { person: 'grace' } })).rejects.toMatchObject({
      code: 'account_name_taken',
    });
    expect(await stage.account(grace.account)).toEqual(before);
  });
});

describe('two concurrent logins of one user', () => {
  it.each([null, 'work'])('make one account (--as %s)', async (as) => {
    const results = await Promise.all([stage.logIn({ as }), stage.logIn({ as })]);
    expect(results.map(({ created }) => created).sort()).toEqual([false, true]);
    expect(await accounts()).toEqual([as ?? 'ada@example.com']);
    expect((await stage.account(results[0].account)).generation).toBe(2);
  });
});
