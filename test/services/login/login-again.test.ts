import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountName } from '../../../src/domain/account.js';
import { type LoginTest, loginTest } from './login-test.js';

let stage: LoginTest;
beforeEach(async () => {
  stage = await loginTest();
});
afterEach(() => stage.close());

/** The parameters of the last authorization request. */
function asked(): Record<string, string> {
  return Object.fromEntries(new URL(stage.shown.at(-1) ?? '').searchParams);
}

describe('logging in again by the name of an account', () => {
  it.each(['demo/work', 'demo/w', 'work', 'ada@example.com'])('updates the account of %s', async (name) => {
    const scopes = ['openid', 'email', 'notes.read'];
    const { account } = await stage.logIn({ as: 'work', scopes });
    const again = await stage.logIn({ name });
    expect(again).toMatchObject({ created: false, renamedFrom: null, account: { id: account.id } });
    expect(accountName(again.account)).toBe('demo/work');
    expect(asked()).toMatchObject({ scope: scopes.join(' '), login_hint: 'ada@example.com' });
  });

  it('refuses another user, whether or not that one is known', async () => {
    const before = await stage.account((await stage.logIn({ as: 'work' })).account);
    for (const known of [false, true]) {
      if (known) await stage.logIn({}, { choice: { person: 'grace' } });
      const call = stage.logIn({ name: 'demo/work' }, { choice: { person: 'grace' } });
      await expect(call).rejects.toMatchObject({
        code: 'wrong_person',
        hint: 'to log in again to demo/work, choose its user in the browser:\nvault login demo/work\nto log in as any user:\nvault login demo',
      });
    }
    expect(await stage.account(before)).toEqual(before);
  });

  it('renames the account with --as', async () => {
    const { account } = await stage.logIn();
    const again = await stage.logIn({ name: accountName(account), as: 'work' });
    expect(again).toMatchObject({
      created: false,
      renamedFrom: 'demo/ada@example.com',
      account: { label: 'work' },
    });
  });

  it('takes a word that is a provider for the provider', async () => {
    await stage.logIn({ as: 'demo' });
    expect((await stage.logIn({ name: 'demo' }, { choice: { person: 'grace' } })).created).toBe(true);
  });

  it.each([
    ['demo/wrok', { code: 'account_not_found', hint: 'did you mean demo/work? to list them: vault list' }],
    ['dmeo', { code: 'provider_unknown' }],
    ['grace@example.com', { code: 'account_not_found', hint: 'vault list' }],
    ['https://demo.example/', { code: 'provider_unknown' }],
  ])('opens nothing for %s', async (name, error) => {
    await stage.logIn({ as: 'work' });
    stage.told.length = 0;
    await expect(stage.logIn({ name })).rejects.toMatchObject(error);
    expect(stage.told).toEqual([]);
  });
});

describe('a login that turns out to be of a known user', () => {
  const scopes = ['openid', 'email', 'notes.read'];
  const USUAL = ['openid', 'profile', 'email', 'offline_access'];

  it('remembers the scopes from before, and the next one requests them again', async () => {
    const { account } = await stage.logIn({ scopes });
    const renamed = await stage.logIn({ as: 'second' });
    expect(asked()['scope']).toBe(USUAL.join(' '));
    expect(renamed).toMatchObject({ created: false, withdrawnScopes: ['notes.read'], missingScopes: [] });
    expect(await stage.account(account)).toMatchObject({
      label: 'second',
      status: 'insufficient_scope',
      askedScopes: [...USUAL, 'notes.read'],
      grantedScopes: USUAL,
    });
    await stage.logIn({ name: 'demo/second' });
    expect(await stage.account(account)).toMatchObject({
      status: 'active',
      grantedScopes: [...USUAL, 'notes.read'],
    });
  });

  it('gives up the scopes from before when it names its own', async () => {
    const { account } = await stage.logIn({ scopes });
    await stage.logIn({ scopes: ['openid', 'email'] });
    expect(await stage.account(account)).toMatchObject({
      status: 'active',
      askedScopes: ['openid', 'email'],
    });
  });

  it('requests the scopes from before where --login-hint names its user', async () => {
    await stage.logIn({ as: 'work', scopes });
    await stage.logIn({ loginHint: 'ada@example.com' });
    expect(asked()['scope']).toBe(scopes.join(' '));
  });
});

describe('an account at a provider that does not identify its users', () => {
  beforeEach(() => {
    stage.settings['identity'] = { from: 'none' };
    stage.settings['scopes'] = ['notes.read'];
  });

  it('is logged in again by its name', async () => {
    const { account } = await stage.logIn({ as: 'work' });
    const again = await stage.logIn({ name: 'demo/work' });
    expect(again).toMatchObject({ created: false, account: { id: account.id, label: 'work' } });
  });

  it('keeps its identity when a login renames it', async () => {
    const { account } = await stage.logIn({ as: 'work' });
    await stage.logIn({ name: 'demo/work', as: 'office' });
    for (const request of [{ name: 'demo/office' }, { as: 'office' }])
      expect((await stage.logIn(request)).account).toMatchObject({ id: account.id, label: 'office' });
  });
});
