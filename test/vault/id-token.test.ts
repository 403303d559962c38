import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR } from '../../src/domain/duration.js';
import { Secret } from '../../src/domain/secret.js';
import type { SealedAccount } from '../../src/stores/contract.js';
import type { Vault } from '../../src/vault/vault.js';
import { NOW } from '../doubles/terminal.js';
import { tamper } from '../harness/tamper.js';
import { ALICE, type TestContext, testContext } from '../harness/test-context.js';

const ID_TOKEN = { token: new Secret('header.claims.signature'), expiresAt: NOW + HOUR };

let stage: TestContext;
beforeEach(async () => {
  stage = await testContext();
});
afterEach(() => stage.close());

const revealed = async (account: SealedAccount, vault: Vault = stage.vault) => {
  const { idToken } = await vault.contents(account);
  return idToken && { token: idToken.token.reveal(), expiresAt: idToken.expiresAt };
};
const STORED = { token: 'header.claims.signature', expiresAt: NOW + HOUR };

describe('an id_token', () => {
  it('is opened with its end, by itself and with the other contents', async () => {
    const { id } = await stage.add({}, { idToken: ID_TOKEN });
    const account = await stage.account({ id });
    expect(account.idTokenExpiresAt).toBe(NOW + HOUR);
    expect((await stage.vault.idToken(account))?.reveal()).toBe('header.claims.signature');
    expect(await revealed(account)).toEqual(STORED);
  });

  it('is not in the database in plain text', async () => {
    const { id } = await stage.add({}, { idToken: ID_TOKEN });
    const { idToken } = (await stage.account({ id })).sealed;
    expect(Buffer.from(idToken ?? []).includes('claims')).toBe(false);
    expect(idToken?.length).toBeGreaterThan(20);
  });

  it('stays, or is removed, as the next contents say', async () => {
    const account = await stage.add({}, { idToken: ID_TOKEN });
    const contents = await stage.vault.contents(account);
    const kept = await stage.vault.update(account, { label: 'work' }, contents);
    if (kept === null) throw new Error('not updated');
    expect(await revealed(await stage.account(kept))).toEqual(STORED);
    await stage.vault.update(kept, {}, { ...contents, idToken: null });
    const after = await stage.account(kept);
    expect([after.idTokenExpiresAt, after.sealed.idToken]).toEqual([null, null]);
    expect((await stage.vault.identity(after)).subject).toBe(ALICE.subject);
  });

  it.each([
    ['its end was changed', 'id_token_expires_at = id_token_expires_at + 1'],
    ['its end was removed', 'id_token_expires_at = NULL'],
    ['it was removed with its end', 'id_token_expires_at = NULL, id_token = NULL'],
    ['it was removed', 'id_token = NULL'],
    ['the access token was put in its place', 'id_token = access_token'],
  ])('makes its account unreadable if %s', async (_, change) => {
    const account = await stage.add({}, { idToken: ID_TOKEN });
    tamper(stage.paths.database, `UPDATE accounts SET ${change}`);
    await expect(stage.vault.contents(await stage.account(account))).rejects.toMatchObject({
      code: 'vault_damaged',
    });
  });

  it.each(['access_token', 'refresh_token', 'identity'])(
    'does not open in place of the %s',
    async (column) => {
      const account = await stage.add({}, { idToken: ID_TOKEN });
      tamper(stage.paths.database, `UPDATE accounts SET ${column} = id_token`);
      await expect(stage.vault.contents(await stage.account(account))).rejects.toMatchObject({
        code: 'vault_damaged',
      });
    },
  );

  it('comes back from a sealed answer and a sealed login', async () => {
    const account = await stage.add();
    const answer = { change: {}, accessToken: null, refreshToken: null, idToken: ID_TOKEN };
    const sealed = await stage.vault.sealAnswer(account, answer);
    const opened = await stage.vault.openAnswer(account, account.generation, sealed);
    expect([opened?.idToken?.token.reveal(), opened?.idToken?.expiresAt]).toEqual(Object.values(STORED));
    const { id, generation, subjectDigest, sealed: _, ...facts } = account;
    const contents = { accessToken: new Secret('a'), refreshToken: null, identity: ALICE, idToken: ID_TOKEN };
    const consent = { at: 1, how: 'browser', askedScopes: [], grantedScopes: [] } as const;
    const login = await stage.vault.sealLogin(id, { as: null, only: null, facts, contents, consent });
    const again = await stage.vault.openLogin(id, login);
    expect(again?.contents.idToken?.token.reveal()).toBe('header.claims.signature');
  });
});
