import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Account } from '../../../src/domain/account.js';
import { google } from '../../../src/providers/google.js';
import { revocationTargets } from '../../../src/services/revoke/revoke.js';
import { htmlPage, oauthRefusal, refusedConnection, serverError } from '../../doubles/demo-faults.js';
import { json, serve } from '../../doubles/local-server.js';
import { type RevokeTest, revokeTest } from './revoke-test.js';

let stage: RevokeTest;
let account: Account;
beforeEach(async () => {
  stage = await revokeTest();
  account = stage.work;
});
afterEach(() => stage.close());

const revoke = (...args: Parameters<RevokeTest['revoke']>) => stage.revoke(...args);
const there = () => stage.there();

describe('revoking at the provider', () => {
  it('ends the grant by its refresh token, then removes the account', async () => {
    expect(await revoke()).toMatchObject([
      { outcome: 'revoked', reason: 'revoked at demo and removed here', error: null, manageUrl: null },
    ]);
    expect(await there()).toBe(false);
    expect(stage.demo.log.filter(({ kind }) => kind === 'revoked')).toHaveLength(1);
    expect(stage.events).toMatchObject([{ event: 'revoked', provider: 'demo', account: account.id }]);
  });

  it('succeeds if the token was already revoked', async () => {
    stage.demo.endAllGrants();
    expect(await revoke()).toMatchObject([{ outcome: 'revoked' }]);
    expect(await there()).toBe(false);
  });

  it('succeeds if the provider says in its own way that the token is gone', async () => {
    stage.demo.next('revoke', oauthRefusal('invalid_token'));
    const provider = async () => ({ ...(await stage.ctx.provider('demo')), revocation: google.revocation });
    expect(await revoke({}, { provider })).toMatchObject([
      { outcome: 'revoked', reason: 'demo had ended the grant already; removed here' },
    ]);
  });

  it('uses JSON if the provider expects it', async () => {
    const server = await serve(json(200, {}));
    const tokenEndpoint = `${server.url}/token`;
    const current = await stage.account(account);
    const contents = await stage.vault.contents(current);
    await stage.vault.update(current, { tokenEndpoint }, contents);
    Object.assign(stage.settings, {
      revocation: 'json',
      authorizationEndpoint: stage.demo.endpoints.authorize,
      tokenEndpoint,
      revocationEndpoint: `${server.url}/revoke`,
    });
    expect(await revoke()).toMatchObject([{ outcome: 'revoked' }]);
    expect(JSON.parse(server.received[0]?.body ?? '')).toMatchObject({
      token: contents.refreshToken?.reveal(),
    });
    await server.close();
  });

  it('sends the refresh token to no other server, whatever is configured', async () => {
    const server = await serve(json(200, {}));
    Object.assign(stage.settings, {
      authorizationEndpoint: stage.demo.endpoints.authorize,
      tokenEndpoint: stage.demo.endpoints.token,
      revocationEndpoint: `${server.url}/revoke`,
    });
    expect(await revoke()).toMatchObject([{ outcome: 'refused', error: { code: 'binding_changed' } }]);
    expect(await there()).toBe(true);
    expect(server.received).toEqual([]);
    await server.close();
  });

  it('sends the access token if the provider revokes only those', async () => {
    stage.demo.next('revoke', oauthRefusal('unsupported_token_type'));
    expect(await revoke()).toMatchObject([{ outcome: 'revoked' }]);
    expect(stage.demo.requests.revoke).toBe(2);
  });

  it('does all accounts, or those of one provider, one after the other', async () => {
    await stage.logIn({}, { choice: { person: 'grace' } });
    await stage.add({ provider: 'other' });
    expect(await revoke({ selectors: [], provider: 'demo' })).toMatchObject([
      { outcome: 'revoked' },
      { outcome: 'revoked' },
    ]);
    const left = await revocationTargets(stage.ctx, {
      selectors: [],
      all: true,
      provider: null,
      dryRun: false,
      local: false,
    });
    expect(left.map(({ provider }) => provider)).toEqual(['other']);
  });

  it('does nothing without a vault', async () => {
    expect(await revoke({ selectors: [], all: true }, { vault: async () => null })).toEqual([]);
    await expect(revoke({}, { vault: async () => null })).rejects.toMatchObject({
      code: 'account_not_found',
    });
  });
});

describe('a provider without revocation', () => {
  it('is not asked: the account is removed, and the user told where to look', async () => {
    Object.assign(stage.settings, { revocation: 'none', manageUrl: 'https://demo.example/grants' });
    expect(await revoke()).toMatchObject([
      {
        outcome: 'forgotten',
        reason:
          'removed here; demo does not support revocation, so the grant exists until you remove it there',
        manageUrl: 'https://demo.example/grants',
      },
    ]);
    expect(await there()).toBe(false);
    expect(stage.demo.requests.revoke).toBe(0);
    expect(stage.events).toMatchObject([{ event: 'forgotten', provider: 'demo', account: account.id }]);
  });
});

describe('a provider that does not revoke', () => {
  const FORGET = 'to remove it here anyway: vault revoke --local demo/work';

  it.each([
    ['is in trouble', serverError(503), 'transient', 'provider_unavailable'],
    ['is hidden by a captive portal', htmlPage(502), 'transient', 'provider_unavailable'],
    ['breaks off', refusedConnection, 'transient', 'provider_unavailable'],
    ['refuses the client', oauthRefusal('invalid_client', 401), 'refused', 'client_refused'],
  ] as const)('because it %s leaves the account in place', async (_, fault, outcome, code) => {
    stage.demo.next('revoke', fault);
    expect(await revoke()).toMatchObject([
      { outcome, error: { code, hint: expect.stringContaining(FORGET) } },
    ]);
    expect(await there()).toBe(true);
    expect(stage.events).toEqual([]);
    expect(await revoke()).toMatchObject([{ outcome: 'revoked' }]);
  });

  it.each([
    ['is in trouble', serverError(503), /^removed here, but the grant at demo may still exist: /],
    [
      'refuses the client',
      oauthRefusal('invalid_client', 401),
      /^removed here, but demo refused to revoke it /,
    ],
  ] as const)(
    'because it %s does not keep it from being forgotten with --local',
    async (_, fault, reason) => {
      stage.demo.next('revoke', fault);
      expect(await revoke({ local: true })).toMatchObject([
        { outcome: 'forgotten', reason: expect.stringMatching(reason), error: null },
      ]);
      expect(await there()).toBe(false);
    },
  );

  it('because its endpoints cannot be found may do so later', async () => {
    stage.demo.next('metadata', serverError(503));
    expect(await revoke()).toMatchObject([{ outcome: 'transient', error: { code: 'provider_unavailable' } }]);
    expect(await there()).toBe(true);
  });

  it.each([
    ['is no longer configured', { clientId: 'your-client-id' }, 'client_not_configured'],
    ['is another one now', { clientId: 'another-client' }, 'binding_changed'],
  ])('because it %s is not sent the token', async (_, change, code) => {
    Object.assign(stage.settings, change);
    expect(await revoke()).toMatchObject([{ outcome: 'refused', error: { code } }]);
    expect(await there()).toBe(true);
    expect(await revoke({ local: true })).toMatchObject([
      { outcome: 'forgotten', reason: expect.stringMatching(/^removed here only: /) },
    ]);
    expect(await there()).toBe(false);
    expect(stage.demo.requests.revoke).toBe(0);
  });
});

describe('a dry run', () => {
  it('reports what would happen, sends nothing and changes nothing', async () => {
    const before = readFileSync(stage.paths.database);
    const requests = { ...stage.demo.requests };
    const said = async (local: boolean, change: Readonly<Record<string, unknown>> = {}) => {
      Object.assign(stage.settings, change);
      const [result] = await revoke({ dryRun: true, local });
      return `${result?.outcome}: ${result?.reason}`;
    };
    expect(await said(false)).toBe('would_revoke: revoked at demo, then removed here');
    expect(await said(true)).toBe('would_revoke: revoked at demo, then removed here whatever it answers');
    expect(await said(false, { revocation: 'none' })).toBe(
      'would_revoke: only removed here: demo does not support revocation',
    );
    const other = { clientId: 'another-client' };
    expect(await said(false, other)).toMatch(
      /^would_revoke: kept, unless --local is given: the client id configured /,
    );
    expect(await said(true, other)).toMatch(/^would_revoke: only removed here: the client id configured /);
    expect(stage.demo.requests).toEqual(requests);
    expect(readFileSync(stage.paths.database).equals(before)).toBe(true);
    expect(stage.events).toEqual([]);
  });
});
