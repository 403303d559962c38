import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../../src/domain/duration.js';
import { VaultError } from '../../../src/domain/errors.js';
import type { Provider } from '../../../src/providers/contract.js';
import {
  type ListRequest,
  listAccounts,
  listExtras,
  showAccount,
} from '../../../src/services/overview/overview.js';
import type { Vault } from '../../../src/vault/vault.js';
import { NOW } from '../../doubles/terminal.js';
import { ALICE, type TestContext, testContext } from '../../harness/test-context.js';

let stage: TestContext;
const NO_KEY = new VaultError('key_missing', 'no key must be fetched here');
/** The same vault, where no key can be had. */
let locked: Vault;
beforeEach(async () => {
  stage = await testContext();
  locked = await stage.another({ unlock: () => Promise.reject(NO_KEY) });
});
afterEach(async () => {
  await stage.close();
});

const add = (label: string, facts: Parameters<TestContext['add']>[0] = {}) =>
  stage.add({ label, ...facts }, { identity: { ...ALICE, subject: label } });

async function list(request: Partial<ListRequest>, vault: Vault | null = locked) {
  const accounts = await listAccounts(
    { ...stage.ctx, vault: async () => vault },
    {
      provider: null,
      status: null,
      expiringWithin: null,
      sort: null,
      ...request,
    },
  );
  return accounts.map(({ label }) => label);
}

describe('the list of accounts', () => {
  beforeEach(async () => {
    await add('c', { status: 'failing' });
    await add('a', { expiresAt: NOW + 10 * DAY });
    await add('b', { expiresAt: null, grantExpiresAt: NOW + DAY });
    await add('d', { provider: 'other', expiresAt: null });
  });

  it.each([
    ['has all of them by name', {}, ['a', 'b', 'c', 'd']],
    ['has those of one provider', { provider: 'other' }, ['d']],
    ['does not take the beginning of a provider for the provider', { provider: 'oth' }, []],
    ['has those in one state', { status: 'failing' }, ['c']],
    ['has those that end soon, token or grant', { expiringWithin: DAY }, ['b', 'c']],
    [
      'has those that fit everything',
      { provider: 'demo', status: 'active', expiringWithin: 10 * DAY },
      ['a', 'b'],
    ],
  ] as const)('%s, without a key', async (_, request, labels) => {
    expect(await list(request)).toEqual(labels);
  });

  it.each([
    ['token', ['c', 'a', 'b', 'd']],
    ['grant', ['b', 'a', 'c', 'd']],
    ['refreshed', ['a', 'b', 'c', 'd']],
  ] as const)('is sorted by %s, and what is unknown comes last', async (sort, labels) => {
    expect(await list({ sort })).toEqual(labels);
  });

  it('has beside it what names were chosen, and with the key who they are', async () => {
    const accounts = await stage.vault.accounts();
    const aliases = { 'demo/x': 'demo/a', 'demo/y': 'demo/a' };
    const names = { accountNames: async () => ({ aliases, defaults: ['demo/x'] }) };
    const extras = await listExtras({ ...stage.ctx, ...names }, accounts, true);
    expect(extras.aliases.get('demo/a')).toEqual(['demo/x', 'demo/y']);
    expect([...extras.defaults]).toEqual(['demo/a']);
    expect(accounts.map(({ id }) => extras.identities.get(id)?.subject)).toEqual(['a', 'b', 'c', 'd']);
    const without = await listExtras({ ...names, vault: async () => locked }, accounts, true);
    expect(without).toMatchObject({ noIdentity: NO_KEY });
  });

  it('is empty without a vault', async () => {
    expect(await list({}, null)).toEqual([]);
  });
});

describe('one account', () => {
  const show = (selector: string, vault: Vault | null = locked, withIdentity = false) =>
    showAccount(
      {
        ...stage.ctx,
        vault: async () => vault,
        providerOrNull: async (name) =>
          name === 'demo' ? ({ title: 'Demo', manageUrl: 'https://demo.example/grants' } as Provider) : null,
      },
      { selector, withIdentity },
    );

  it('is shown with missing scopes, consents and endpoints, without a key', async () => {
    const { id } = await add('a', { grantedScopes: ['openid'] });
    const consent = { how: 'browser', askedScopes: ['openid', 'email'], grantedScopes: ['openid'] } as const;
    await stage.vault.addConsent(id, { at: NOW - DAY, ...consent });
    await stage.vault.addConsent(id, { at: NOW - HOUR, ...consent, how: 'paste' });
    expect(await show('demo/a')).toMatchObject({
      account: { id },
      missingScopes: ['email'],
      consents: [
        { at: NOW - HOUR, how: 'paste' },
        { at: NOW - DAY, how: 'browser' },
      ],
      providerTitle: 'Demo',
      manageUrl: 'https://demo.example/grants',
    });
  });

  it('is shown with an open refresh, unless another process is refreshing it', async () => {
    const account = await add('a');
    expect(await show('demo/a')).toMatchObject({ openRefresh: null });
    const { refreshToken } = await stage.vault.contents(account);
    if (refreshToken === null) throw new Error('the example has a refresh token');
    for (const at of [NOW - HOUR, NOW]) await stage.vault.intend(account, refreshToken, at, 1);
    expect(await show('demo/a')).toMatchObject({ openRefresh: { at: NOW - HOUR, attempts: 2 } });
    const lock = await stage.locks.acquire(account.id, 0);
    expect(await show('demo/a')).toMatchObject({ openRefresh: null });
    await lock.release();
  });

  it('is shown with its user, or why that is not known', async () => {
    await add('a');
    expect(await show('demo/a', stage.vault, true)).toMatchObject({ identity: { email: ALICE.email } });
    expect(await show('demo/a', stage.vault)).toMatchObject({ identity: null });
    expect(await show('demo/a', locked, true)).toMatchObject({ identity: NO_KEY });
  });

  it('is shown even if its provider is no longer configured', async () => {
    await add('a', { provider: 'gone' });
    expect(await show('gone')).toMatchObject({ providerTitle: 'gone', manageUrl: null });
  });

  it('must exist and be the only match', async () => {
    await expect(show('demo', null)).rejects.toMatchObject({ code: 'account_not_found' });
    await add('a');
    await add('b');
    await expect(show('demo')).rejects.toMatchObject({
      code: 'account_ambiguous',
      hint: 'name one of them, for example: vault show demo/a\nor choose the one to take: vault default demo/a',
    });
  });
});
