import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { vaultAccess } from '../../src/access/vault-access.js';
import { accountName } from '../../src/domain/account.js';
import { keyFileSource } from '../../src/keysources/key-file.js';
import { keychainSource } from '../../src/keysources/os-keychain.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { vaultOver } from '../../src/vault/open-vault.js';
import type { Vault } from '../../src/vault/vault.js';
import { accountExample } from '../doubles/account.js';
import { keychainDouble } from '../doubles/keychain.js';
import { type Actor, withActors } from '../harness/actor.js';
import { needs } from '../harness/parts.js';
import { type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

let folder: VaultFolder;
let keyFile: string;
beforeEach(() => {
  folder = vaultFolder();
  keyFile = join(folder.home, 'master.key');
});
afterEach(() => folder.remove());

/** What a first login asks of its process. */
const joining = (home: string, index: number) => ({
  home,
  keyFile,
  facts: accountExample({ label: `person-${index}` }),
  subject: `subject-${index}`,
});

async function openWithKeyFile(of: VaultFolder): Promise<Vault> {
  const { factory, files } = of;
  const store = await factory.open();
  const head = await store.head();
  const [masterKey] = head.masterKeys;
  if (masterKey === undefined || head.masterKeys.length !== 1) throw new Error('not one master key');
  const source = keyFileSource(keyFile, files);
  const unlock = async () => openKeyring(head, masterKey, await source.load(masterKey.reference));
  return vaultOver({ ...of, store, unlock });
}

describe('first runs at the same time', () => {
  it('make one vault with one master key, which all of them open', async (context) => {
    needs(context, 'the built command line');
    const count = 10;
    const join = (actor: Actor, index: number) => actor.ask('join', joining(folder.home, index));
    const joined = await withActors(count, (actors) => Promise.all(actors.map(join)));
    expect(joined).toEqual(Array(count).fill(true));

    const vault = await openWithKeyFile(folder);
    const accounts = await vault.accounts();
    expect(accounts).toHaveLength(count);
    for (const account of accounts) {
      const sealed = await vault.account(account.id);
      if (sealed === null) throw new Error(`${accountName(account)} is gone`);
      const { identity, accessToken, refreshToken } = await vault.contents(sealed);
      const subject = account.label.replace('person', 'subject');
      expect([identity.subject, accessToken?.reveal(), refreshToken?.reveal()]).toEqual([
        subject,
        `access-token-${subject}`,
        `refresh-token-${subject}`,
      ]);
    }
    await vault.close();
    expect(readdirSync(folder.home).sort()).toEqual(['locks', 'marks', 'master.key', 'vault.db']);
  });

  it('of profiles that share a key file leave one key for both vaults', async (context) => {
    needs(context, 'the built command line');
    const homes = Array.from({ length: 6 }, (_, index) => join(folder.home, `profile-${index}`));
    const joined = await withActors(homes.length, (actors) =>
      Promise.all(homes.map((home, index) => actors[index]?.ask('join', joining(home, index)))),
    );
    expect(joined).toEqual(homes.map(() => true));
    for (const home of homes) {
      const vault = await openWithKeyFile(vaultFolder(home));
      const [account] = await vault.accounts();
      expect(
        await vault.account(account?.id ?? '').then((sealed) => sealed && vault.contents(sealed)),
      ).not.toBeNull();
      await vault.close();
    }
  });
});

describe('a new vault', () => {
  const accessWith = (keychain: ReturnType<typeof keychainDouble>) =>
    vaultAccess({
      ...folder,
      audit: { record: () => {} },
      keySource: async () => keychainSource(keychain),
      rememberKeySource: async () => () => {},
    });

  it('is not made when the key source returns another key than was stored', async () => {
    const keychain = keychainDouble();
    keychain.spoil((text) => (text.startsWith('A') ? `B${text.slice(1)}` : `A${text.slice(1)}`));
    await expect(accessWith(keychain).openOrCreate()).rejects.toThrow(
      expect.objectContaining({
        code: 'key_unavailable',
        hint: 'use another key source: vault init --key-source file',
      }),
    );
    expect(await folder.factory.exists()).toBe(false);
  });

  it('is not made when the key source stores no key', async () => {
    const keychain = keychainDouble();
    keychain.fail('locked');
    await expect(accessWith(keychain).openOrCreate()).rejects.toThrow(
      expect.objectContaining({ code: 'key_locked' }),
    );
    expect(await folder.factory.exists()).toBe(false);
  });

  it('never gets a new key when its key is missing', async () => {
    const keychain = keychainDouble();
    const access = accessWith(keychain);
    await access.openOrCreate();
    await access.close();
    keychain.items.clear();
    const vault = await accessWith(keychain).openOrCreate();
    await expect(vault.byIdentity('google', 'https://issuer.example', 'subject-example')).rejects.toThrow(
      expect.objectContaining({ code: 'key_missing', exitCode: 6 }),
    );
    expect(keychain.items.size).toBe(0);
    await vault.close();
  });

  it('uses a key file that its owner had put there', async () => {
    const key = Buffer.alloc(32, 9).toString('base64url');
    folder.files.create(keyFile, Buffer.from(key));
    const access = vaultAccess({
      ...folder,
      audit: { record: () => {} },
      keySource: async () => keyFileSource(keyFile, folder.files),
      rememberKeySource: async () => () => {},
    });
    await access.openOrCreate();
    await access.close();
    expect(readFileSync(keyFile, 'utf8')).toBe(key);
    const vault = await openWithKeyFile(folder);
    expect(await vault.byIdentity('google', 'https://issuer.example', 'subject-example')).toBeNull();
    await vault.close();
  });
});
