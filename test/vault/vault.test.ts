import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import type { VaultHead } from '../../src/stores/contract.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { vaultOver } from '../../src/vault/open-vault.js';
import type { Contents } from '../../src/vault/sealed-account.js';
import type { Vault } from '../../src/vault/vault.js';
import { accountExample } from '../doubles/account.js';
import { headOf, MASTER, type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

let head: VaultHead;

let folder: VaultFolder;
let vault: Vault;
let unlocked: number;

async function unlock() {
  unlocked += 1;
  const [masterKey] = head.masterKeys;
  if (masterKey === undefined) throw new Error('a new vault has a master key');
  return openKeyring(head, masterKey, MASTER);
}

beforeEach(async () => {
  folder = vaultFolder();
  unlocked = 0;
  const made = await headOf(folder);
  head = made;
  vault = vaultOver({ ...folder, store: await folder.factory.create(made), unlock });
});
afterEach(async () => {
  await vault.close();
  folder.remove();
});

const facts = (given: Parameters<typeof accountExample>[0] = {}) => accountExample(given);
const contents = (given: Partial<Contents> = {}): Contents => ({
  accessToken: new Secret('access-token-example'),
  refreshToken: new Secret('refresh-token-example'),
  identity: { subject: 'subject-example', email: 'alice@example.com', name: null, details: {} },
  idToken: null,
  ...given,
});

async function added(given?: Parameters<typeof accountExample>[0], of?: Contents) {
  const account = await vault.add(facts(given), of ?? contents());
  if (account === null) throw new Error('the name or the identity is taken');
  return account;
}

const revealed = ({ accessToken, refreshToken, identity }: Contents) => ({
  access: accessToken?.reveal() ?? null,
  refresh: refreshToken?.reveal() ?? null,
  subject: identity.subject,
});

describe('a vault', () => {
  it('returns what was added, to another process as well', async () => {
    const account = await added();
    expect(account).toMatchObject({ generation: 1, hasRefreshToken: true, label: 'alice@example.com' });
    expect(account.id).not.toBe(facts().id);
    const other = vaultOver({ ...folder, store: await folder.factory.open(), unlock });
    const again = await other.account(account.id);
    expect(again).toEqual(account);
    if (again === null) throw new Error('it is gone');
    expect(revealed(await other.contents(again))).toEqual({
      access: 'access-token-example',
      refresh: 'refresh-token-example',
      subject: 'subject-example',
    });
    expect((await other.accessToken(again))?.reveal()).toBe('access-token-example');
    expect(await other.identity(again)).toEqual(contents().identity);
    await other.close();
  });

  it('keeps any text: none, empty, long, and of every script', async () => {
    const texts = ['', 'é日本😀', 'x'.repeat(16_384)];
    for (const [index, text] of texts.entries()) {
      const identity = {
        subject: `subject-${index}${text.slice(0, 9)}`,
        email: null,
        name: text,
        details: { text },
      };
      const account = await added(
        { label: `label-${index}` },
        contents({ accessToken: new Secret(text), refreshToken: null, identity }),
      );
      expect(account.hasRefreshToken).toBe(false);
      const opened = await vault.contents(account);
      expect([opened.accessToken?.reveal(), opened.refreshToken, opened.identity]).toEqual([
        text,
        null,
        identity,
      ]);
    }
  });

  it('loads its key once, and only for sealed fields', async () => {
    expect(await vault.accounts()).toEqual([]);
    expect(await vault.account('nobody')).toBeNull();
    expect(await vault.consents('nobody')).toEqual([]);
    expect(unlocked).toBe(0);
    await Promise.all(
      [1, 2, 3].map((n) => vault.byIdentity('google', 'https://issuer.example', `subject-${n}`)),
    );
    await added();
    expect(unlocked).toBe(1);
  });

  it('loads its key again if it was unavailable', async () => {
    let failing = true;
    const locked = vaultOver({
      ...folder,
      store: await folder.factory.open(),
      unlock: () => (failing ? Promise.reject(new Error('locked')) : unlock()),
    });
    const find = () => locked.byIdentity('google', 'https://issuer.example', 'nobody');
    await expect(find()).rejects.toThrow('locked');
    failing = false;
    expect(await find()).toBeNull();
    await locked.close();
  });

  it('finds an account by its identity: issuer and subject, at one provider', async () => {
    const account = await added();
    const { provider, issuer } = account;
    expect(await vault.byIdentity(provider, issuer, 'subject-example')).toEqual(account);
    expect(await vault.byIdentity(provider, issuer, 'subject-example-2')).toBeNull();
    expect(await vault.byIdentity(provider, 'https://other.example', 'subject-example')).toBeNull();
    expect(await vault.byIdentity('youtube', issuer, 'subject-example')).toBeNull();
  });

  it('has each identity once, and each name once', async () => {
    await added();
    expect(await vault.add(facts({ label: 'other' }), contents())).toBeNull();
    expect(
      await vault.add(facts(), contents({ identity: { ...contents().identity, subject: 'other' } })),
    ).toBeNull();
    expect(await vault.accounts()).toHaveLength(1);
  });

  it('stores a change as the next generation, and refuses the old one', async () => {
    const first = await added();
    const second = await vault.update(
      first,
      { label: 'renamed', expiresAt: null },
      contents({ accessToken: new Secret('access-token-2') }),
    );
    if (second === null) throw new Error('nobody else has changed it');
    expect(second).toMatchObject({
      id: first.id,
      generation: 2,
      label: 'renamed',
      expiresAt: null,
      createdAt: first.createdAt,
    });
    expect(await vault.account(first.id)).toEqual(second);
    expect(revealed(await vault.contents(second)).access).toBe('access-token-2');
    expect(await vault.update(first, {}, contents())).toBeNull();
    expect(
      await vault.recordAttempt(first, {
        status: 'failing',
        reason: null,
        lastError: null,
        failures: 1,
        retryAt: null,
        updatedAt: 1,
        settled: true,
      }),
    ).toBe(false);
    expect(await vault.account(first.id)).toEqual(second);
  });

  it('refuses a name that is taken and an account that was removed', async () => {
    const alice = await added();
    const bob = await added(
      { label: 'bob' },
      contents({ identity: { ...contents().identity, subject: 'bob' } }),
    );
    expect(await vault.update(bob, { label: alice.label }, await vault.contents(bob))).toBeNull();
    expect(await vault.remove(alice.id)).toBe(true);
    expect(await vault.update(alice, {}, contents())).toBeNull();
    expect((await vault.accounts()).map(({ label }) => label)).toEqual(['bob']);
  });

  it('never seals one user’s tokens into another’s account', async () => {
    const account = await added();
    const other = contents({ identity: { ...contents().identity, subject: 'somebody else' } });
    await expect(vault.update(account, {}, other)).rejects.toThrow(RangeError);
    await expect(vault.update(account, { issuer: 'https://other.example' }, contents())).rejects.toThrow(
      RangeError,
    );
    expect(await vault.account(account.id)).toEqual(account);
  });

  it('records an attempt without sealing a field again', async () => {
    const account = await added();
    const facts = {
      status: 'failing',
      reason: 'why',
      lastError: 'network_failed',
      failures: 1,
      retryAt: null,
      updatedAt: 5,
    } as const;
    const attempt = { ...facts, settled: true };
    expect(await vault.recordAttempt(account, attempt)).toBe(true);
    const after = await vault.account(account.id);
    expect(after).toEqual({ ...account, ...facts });
    expect(revealed(await vault.contents(after ?? account)).refresh).toBe('refresh-token-example');
  });

  it('does not open an identity that differs from the one in its account’s digest', async () => {
    const keyring = await unlock();
    const account = await added();
    const { openIdentity, sealContents } = await import('../../src/vault/sealed-account.js');
    const forged = { ...account, subjectDigest: '00'.repeat(32) };
    const sealed = sealContents(keyring, forged, contents());
    expect(() => openIdentity(keyring, { ...forged, sealed })).toThrow(
      expect.objectContaining({
        code: 'vault_damaged',
        hint: expect.stringContaining('vault revoke google/alice@example.com --local'),
      }),
    );
  });

  it('shows neither token nor identity except where they are opened', async () => {
    const account = await added();
    const shown = JSON.stringify([account, await vault.contents(account), await vault.accounts()]);
    expect(shown).not.toMatch(/access-token-example|refresh-token-example/);
    expect(JSON.stringify(await vault.accounts())).not.toContain('subject-example');
  });
});
