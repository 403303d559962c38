import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import type { Store } from '../../src/stores/contract.js';
import { hasCurrentSchema } from '../../src/stores/sqlite-open.js';
import { alterations } from '../../src/stores/sqlite-schema.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { vaultOver } from '../../src/vault/open-vault.js';
import type { Vault } from '../../src/vault/vault.js';
import { type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

/** A vault that was written before there was a column for id_tokens. */
const OLD = JSON.parse(readFileSync(new URL('../vectors/vault-schema-1.json', import.meta.url), 'utf8'));

let folder: VaultFolder;
const stores: Store[] = [];
beforeEach(() => {
  folder = vaultFolder();
  folder.files.ensureFolder(folder.paths.data);
  folder.files.create(folder.paths.database, inflateRawSync(Buffer.from(OLD.database, 'base64')));
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  folder.remove();
});

async function opened(): Promise<Store> {
  const store = await folder.factory.open();
  stores.push(store);
  return store;
}

async function openVault(): Promise<Vault> {
  const store = await opened();
  const unlock = async () => {
    const head = await store.head();
    const [row] = head.masterKeys;
    if (row === undefined) throw new Error('it has a master key');
    return openKeyring(head, row, Buffer.from(OLD.master_key, 'hex'));
  };
  return vaultOver({ ...folder, store, unlock });
}

async function accountOf(vault: Vault, label: string) {
  const account = await vault.accountByName('demo', label);
  if (account === null) throw new Error(`${label} is gone`);
  return account;
}

describe('a vault of schema 1', () => {
  it('is found unaltered, and not current', () => {
    const database = new SqliteDatabase(folder.paths.database, { readonly: true });
    expect([alterations(database, 1), hasCurrentSchema(database)]).toEqual([null, false]);
    database.close();
  });

  it('is migrated when it is opened, and everything in it opens', async () => {
    const vault = await openVault();
    for (const [label, refresh] of [
      ['ada', 'refresh-token-of-ada'],
      ['grace', null],
    ] as const) {
      const account = await accountOf(vault, label);
      expect(account).toMatchObject({ generation: 1, idTokenExpiresAt: null });
      const { accessToken, refreshToken, identity, idToken } = await vault.contents(account);
      expect([accessToken?.reveal(), refreshToken?.reveal() ?? null, identity.subject, idToken]).toEqual([
        `access-token-of-${label}`,
        refresh,
        `subject-of-${label}`,
        null,
      ]);
    }
    await vault.verifyRowSet();
    const database = new SqliteDatabase(folder.paths.database, { readonly: true });
    expect([alterations(database, 3), hasCurrentSchema(database)]).toEqual([null, true]);
    database.close();
  });

  it('then takes an id_token', async () => {
    const vault = await openVault();
    const account = await accountOf(vault, 'ada');
    const idToken = { token: new Secret('header.claims.signature'), expiresAt: 5 };
    await vault.update(account, {}, { ...(await vault.contents(account)), idToken });
    const again = await openVault();
    expect((await again.idToken(await accountOf(again, 'ada')))?.reveal()).toBe('header.claims.signature');
    await again.verifyRowSet();
  });

  it('is refused if it was altered', async () => {
    const database = new SqliteDatabase(folder.paths.database);
    database.exec('CREATE TRIGGER undo AFTER UPDATE ON accounts BEGIN SELECT 1; END');
    database.close();
    await expect(opened()).rejects.toMatchObject({
      code: 'vault_damaged',
      message: expect.stringContaining('the trigger undo was added'),
    });
  });
});
