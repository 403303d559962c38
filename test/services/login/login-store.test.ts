import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../../src/domain/duration.js';
import type { Vault } from '../../../src/vault/vault.js';
import { NOW } from '../../doubles/terminal.js';
import { granted } from '../../doubles/token-answers.js';
import { ALICE, type TestContext, testContext } from '../../harness/test-context.js';
import { ANSWER, storing, WITHOUT_REFRESH } from './storing.js';

let stage: TestContext;
let store: ReturnType<typeof storing>;
beforeEach(async () => {
  stage = await testContext();
  store = storing(stage);
});
afterEach(() => stage.close());

const person = (subject: string) => ({ ...ALICE, subject });

describe('storing a login', () => {
  it('gives users with the same address different names', async () => {
    const labels: string[] = [];
    for (const subject of ['1', '2', '3'])
      labels.push((await store({ identity: person(subject) })).account.label);
    expect(labels).toEqual(['alice@example.com', 'alice@example.com-2', 'alice@example.com-3']);
  });

  it('treats the same subject at another issuer or provider as another user', async () => {
    const first = await store();
    const second = await store({ issuer: 'https://other.example' });
    const third = await store({ provider: 'other' });
    expect(new Set([first, second, third].map(({ account }) => account.id)).size).toBe(3);
  });

  it('stores the end of the grant if the answer contains it', async () => {
    const { account } = await store({ answer: granted({ ...ANSWER, refresh_token_expires_in: 3_600 }) });
    expect(account).toMatchObject({ grantExpiresAt: NOW + HOUR, expiresAt: NOW + 60_000 });
  });
});

describe('storing a login of a known user', () => {
  it('keeps the refresh token and the end of its grant if the login brought none', async () => {
    await stage.add({ grantExpiresAt: NOW + DAY });
    const { account } = await store({ answer: WITHOUT_REFRESH });
    expect(account.grantExpiresAt).toBe(NOW + DAY);
    expect(await stage.tokens(account)).toEqual({
      access: 'access-token-new',
      refresh: 'refresh-token-example',
    });
  });

  it('does not keep the end of an old grant with a new refresh token', async () => {
    await stage.add({ grantExpiresAt: NOW + DAY });
    const { account } = await store();
    expect(account.grantExpiresAt).toBeNull();
    expect((await stage.tokens(account)).refresh).toBe('refresh-token-new');
  });

  it.each([
    ['client', { clientId: 'another-client' }],
    ['endpoint', { tokenEndpoint: 'https://issuer.example/token/v2' }],
  ])('drops the refresh token of another %s, where it must not be sent', async (_, change) => {
    await stage.add({ grantExpiresAt: NOW + DAY });
    const { account } = await store({ answer: WITHOUT_REFRESH, ...change });
    expect(account).toMatchObject({ hasRefreshToken: false, grantExpiresAt: null, ...change });
    expect((await stage.tokens(account)).refresh).toBeNull();
  });

  it('waits for a running refresh, and continues from its result', async () => {
    const known = await stage.add();
    const held = await stage.locks.acquire(known.id, 0);
    const storing = store();
    await stage.vault.update(known, {}, await stage.vault.contents(known));
    await held.release();
    expect((await storing).account).toMatchObject({ id: known.id, generation: 3 });
  });
});

describe('storing a login beside other logins', () => {
  /** Sees the vault as it was before somebody else wrote, once. */
  const late = (meanwhile: () => Promise<unknown>): Vault => {
    let first = true;
    return {
      ...stage.vault,
      async byIdentity(...identity) {
        const found = await stage.vault.byIdentity(...identity);
        if (first) await meanwhile();
        first = false;
        return found;
      },
    };
  };

  it.each([null, 'work'])(
    'updates the account that another login of the same user made (--as %s)',
    async (as) => {
      let made = '';
      const vault = late(async () => {
        made = (await store({ as })).account.id;
      });
      expect(await store({ as }, vault)).toMatchObject({
        created: false,
        account: { id: made, generation: 2 },
      });
      expect(await stage.vault.accounts()).toHaveLength(1);
    },
  );

  it('makes the account again if it was removed in the meantime', async () => {
    const { id } = await stage.add();
    const vault = late(() => stage.vault.remove(id));
    const stored = await store({}, vault);
    expect(stored.created).toBe(true);
    expect(stored.account.id).not.toBe(id);
  });

  it('refuses a name that another user took in the meantime', async () => {
    const vault = late(() => store({ as: 'work', identity: person('2') }));
    await expect(store({ as: 'work' }, vault)).rejects.toMatchObject({ code: 'account_name_taken' });
    expect(await stage.vault.accounts()).toHaveLength(1);
  });
});
