import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configureProvider } from '../../../src/config/settings.js';
import { planLogin } from '../../../src/services/login/login.js';
import { GOOGLE_ID, sources } from '../../doubles/settings-sources.js';
import { type LoginTest, loginTest, REQUEST } from './login-test.js';

let stage: LoginTest;
beforeEach(async () => {
  stage = await loginTest();
});
afterEach(() => stage.close());

const NOTES = { addScopes: ['notes.read'] };
const USUAL = ['openid', 'profile', 'email', 'offline_access'];

/** The parameters of the last authorization request. */
function asked(): Record<string, string> {
  return Object.fromEntries(new URL(stage.shown.at(-1) ?? '').searchParams);
}

describe('adding scopes', () => {
  it('requests the old and the new scopes for the only account, with its user as hint', async () => {
    const first = await stage.logIn();
    const { account, created, missingScopes } = await stage.logIn(NOTES);
    expect(asked()).toMatchObject({
      scope: [...USUAL, 'notes.read'].join(' '),
      login_hint: 'ada@example.com',
      prompt: 'consent',
    });
    expect({ created, missingScopes, id: account.id }).toEqual({
      created: false,
      missingScopes: [],
      id: first.account.id,
    });
    expect(await stage.account(account)).toMatchObject({
      status: 'active',
      askedScopes: [...USUAL, 'notes.read'],
      grantedScopes: [...USUAL, 'notes.read'],
    });
  });

  it('keeps each consent, the newest first', async () => {
    const { account } = await stage.logIn();
    stage.clock.advance(1_000);
    await stage.logIn(NOTES);
    const consents = await stage.vault.consents(account.id);
    expect(consents.map(({ grantedScopes }) => grantedScopes)).toEqual([[...USUAL, 'notes.read'], USUAL]);
  });

  it.each([
    [{ as: 'work' }, 'demo/work'],
    [{ loginHint: 'grace@example.com' }, 'demo/grace@example.com'],
    // Named `work` here, and known to the provider by this address.
    [{ loginHint: 'ada@example.com' }, 'demo/work'],
  ])('finds the account for %j, which keeps its name', async (request, name) => {
    await stage.logIn({ as: 'work' });
    await stage.logIn({}, { choice: { person: 'grace' } });
    const { account, renamedFrom } = await stage.logIn({ ...NOTES, ...request });
    expect(`${account.provider}/${account.label}`).toBe(name);
    expect(account.grantedScopes).toContain('notes.read');
    expect(renamedFrom).toBeNull();
  });

  it('asks which account is meant if there are several, before anything is opened', async () => {
    await stage.logIn({ as: 'work' });
    await stage.logIn({}, { choice: { person: 'grace' } });
    stage.told.length = 0;
    await expect(stage.logIn(NOTES)).rejects.toMatchObject({
      code: 'account_ambiguous',
      exitCode: 3,
      message: expect.stringContaining('demo/grace@example.com, demo/work'),
      hint: 'choose one: vault login demo/grace@example.com --add-scope notes.read',
    });
    expect(stage.told).toEqual([]);
  });

  it.each([{}, { as: 'other' }, { loginHint: 'nobody@example.com' }])(
    'fails if there is no account for %j',
    async (request) => {
      await expect(stage.logIn({ ...NOTES, ...request })).rejects.toMatchObject({
        code: 'account_not_found',
        hint: 'log in first: vault login demo',
      });
    },
  );

  it('stores nothing if another user logs in', async () => {
    const { account } = await stage.logIn();
    const before = await stage.account(account);
    const call = stage.logIn(NOTES, { choice: { person: 'grace' } });
    await expect(call).rejects.toMatchObject({
      code: 'wrong_person',
      exitCode: 2,
      message:
        'grace@example.com logged in instead of the user of demo/ada@example.com, so nothing was stored; the new grant was revoked at demo',
      hint: expect.stringContaining('\nvault login demo/ada@example.com --add-scope notes.read\n'),
    });
    expect(await stage.account(account)).toEqual(before);
    expect(await stage.vault.accounts()).toHaveLength(1);
    expect(await stage.vault.consents(account.id)).toHaveLength(1);
    expect(stage.events.at(-1)).toMatchObject({ event: 'login_failed', code: 'wrong_person' });
  });

  it('does not store another user even if both are known', async () => {
    const ada = await stage.account((await stage.logIn()).account);
    const grace = await stage.account((await stage.logIn({}, { choice: { person: 'grace' } })).account);
    const call = stage.logIn({ ...NOTES, as: ada.label }, { choice: { person: 'grace' } });
    await expect(call).rejects.toMatchObject({ code: 'wrong_person' });
    expect([await stage.account(ada), await stage.account(grace)]).toEqual([ada, grace]);
  });

  it('keeps the account if the user does not allow the new scope', async () => {
    await stage.logIn();
    const { account, missingScopes, withdrawnScopes } = await stage.logIn(NOTES, {
      choice: { without: ['notes.read'] },
    });
    expect({ missingScopes, withdrawnScopes }).toEqual({
      missingScopes: ['notes.read'],
      withdrawnScopes: [],
    });
    expect(await stage.account(account)).toMatchObject({
      status: 'insufficient_scope',
      grantedScopes: USUAL,
    });
  });

  it('is planned without sending anything', async () => {
    await stage.add({ provider: 'google', label: 'work', askedScopes: ['openid', 'email', 'a'] });
    const env = { GOOGLE_CLIENT_ID: GOOGLE_ID, GOOGLE_CLIENT_SECRET: 'client-secret-example' };
    const provider = async (name: string) => configureProvider(name, sources({ env }));
    const plan = await planLogin(
      { ...stage.ctx, provider },
      { ...REQUEST, name: 'google', addScopes: ['b'] },
    );
    expect(plan).toMatchObject({
      account: 'google/work',
      scopes: ['openid', 'email', 'a', 'b'],
      authorizeParams: { access_type: 'offline', prompt: 'consent' },
    });
    // Google would add every scope of every client of the project, and the stored scopes would not be the granted ones.
    expect(plan.authorizeParams).not.toHaveProperty('include_granted_scopes');
  });
});

describe('logging in again', () => {
  it('requests the scopes of the account if it is named', async () => {
    await stage.logIn({ as: 'work', scopes: ['openid', 'notes.read'] });
    await stage.logIn({ as: 'work' });
    expect(asked()['scope']).toBe('openid notes.read');
    await stage.logIn({ as: 'work', scopes: ['openid', 'email'] });
    expect(asked()['scope']).toBe('openid email');
  });

  it('reports what the account had and this login did not bring', async () => {
    await stage.logIn({ scopes: ['openid', 'email', 'notes.read', 'notes.write'] });
    const { missingScopes, withdrawnScopes } = await stage.logIn(
      { scopes: ['openid', 'email', 'notes.read'] },
      { choice: { without: ['notes.read'] } },
    );
    expect({ missingScopes, withdrawnScopes }).toEqual({
      missingScopes: ['notes.read'],
      withdrawnScopes: ['notes.read', 'notes.write'],
    });
  });

  it('asks for no new consent unless a scope is not granted yet', async () => {
    await stage.logIn();
    await stage.logIn({ loginHint: 'ada@example.com' }, { choice: { without: ['profile'] } });
    expect(asked()['prompt']).toBeUndefined();
    await stage.logIn({ loginHint: 'ada@example.com' });
    expect(asked()['prompt']).toBe('consent');
  });
});
