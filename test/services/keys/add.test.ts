import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import { addKey } from '../../../src/services/keys/add.js';
import { keyStatus, useKey } from '../../../src/services/keys/status.js';
import type { Store } from '../../../src/stores/contract.js';
import { accountExample } from '../../doubles/account.js';
import { derivedSource } from '../../doubles/derived-source.js';
import { ALICE } from '../../harness/test-context.js';
import { type KeyTest, keyTest } from './key-test.js';

let stage: KeyTest;
beforeEach(async () => {
  stage = await keyTest();
});
afterEach(() => stage.close());

async function addAccount(): Promise<string> {
  const vault = await stage.vault();
  const added = await vault.add(accountExample(), {
    accessToken: new Secret('access-token-example'),
    refreshToken: null,
    identity: ALICE,
    idToken: null,
  });
  return added?.id ?? '';
}

/** What the account's token reads as to a process that opens the vault afresh. */
async function tokenOf(id: string): Promise<string | undefined> {
  await stage.ctx.access.close();
  const vault = await stage.ctx.access.open();
  const account = await vault?.account(id);
  return account ? (await vault?.accessToken(account))?.reveal() : undefined;
}

describe('adding a key', () => {
  it('lets another source open the vault, beside the first one', async () => {
    const id = await addAccount();
    const added = await addKey(stage.ctx, stage.fromFile);
    expect(added).toMatchObject({ source: 'file', place: `key file ${stage.keyFile}`, inUse: false });
    expect(await stage.masterKeys()).toEqual([
      ['keychain', '1'],
      ['file', '2'],
    ]);
    expect(stage.events).toEqual([{ event: 'key_added', key_source: 'file', reference: added.reference }]);
    expect(await tokenOf(id)).toBe('access-token-example');
    stage.use(stage.fromFile);
    stage.keychain.items.clear();
    expect(await tokenOf(id)).toBe('access-token-example');
  });

  it('stores the parameters of a derived key, so that the passphrase alone opens it', async () => {
    const id = await addAccount();
    const passphrase = derivedSource(() => 'words');
    await addKey(stage.ctx, passphrase);
    stage.use(passphrase);
    expect(await tokenOf(id)).toBe('access-token-example');
  });

  it('is refused for a kind of source that the vault has, and changes nothing', async () => {
    await expect(addKey(stage.ctx, stage.fromKeychain)).rejects.toMatchObject({
      code: 'usage',
      hint: 'vault key use keychain\nor remove that key first: vault key remove keychain',
    });
    expect(stage.keychain.items.size).toBe(1);
  });

  it('requires that the vault opens first', async () => {
    stage.keychain.fail('locked');
    await expect(addKey(stage.ctx, stage.fromFile)).rejects.toMatchObject({ code: 'key_locked' });
    expect(existsSync(stage.keyFile)).toBe(false);
  });

  it.each([
    ['cannot be read back', () => stage.with({ readBack: lost }), 'lost'],
    ['cannot be read', () => stage.with({}), 'the new key could not be read back: lost'],
    ['cannot be written down', () => stage.withStore(full), 'the disk is full'],
  ])('leaves nothing behind when it %s', async (why, ctx, message) => {
    const source = why === 'cannot be read' ? { ...stage.fromFile, load: forgetful() } : stage.fromFile;
    await expect(addKey(ctx(), source)).rejects.toMatchObject({
      message: `${message}; nothing was left behind`,
    });
    expect(existsSync(stage.keyFile)).toBe(false);
    expect(await stage.masterKeys()).toEqual([['keychain', '1']]);
    expect(stage.events).toEqual([]);
  });

  it('does not delete a key that its owner had stored there', async () => {
    const text = Buffer.alloc(32, 7).toString('base64url');
    writeFileSync(stage.keyFile, text, { mode: 0o600 });
    await expect(addKey(stage.withStore(full), stage.fromFile)).rejects.toBeInstanceOf(VaultError);
    expect(readFileSync(stage.keyFile, 'utf8')).toBe(text);
  });
});

const lost = () => Promise.reject(new VaultError('key_unavailable', 'lost'));
const full: Partial<Store> = {
  addMasterKey: () => Promise.reject(new VaultError('vault_not_writable', 'the disk is full')),
};

/** Loads nothing: there is no key at first, and later it cannot be read. */
function forgetful() {
  let loads = 0;
  return () => {
    loads += 1;
    return loads === 1 ? Promise.reject(new VaultError('key_missing', 'none yet')) : lost();
  };
}

describe('using a key', () => {
  const using = (decidedBy: string | null = null) => {
    const remembered: string[] = [];
    const remember = async ({ kind }: { kind: string }) => {
      remembered.push(kind);
      return () => {};
    };
    const ctx = stage.with({ remember, decidedBy: async () => decidedBy ?? stage.paths.configFile });
    return { remembered, done: useKey(ctx, stage.fromFile) };
  };

  it('is written to config.json once the vault has opened with it', async () => {
    await addKey(stage.ctx, stage.fromFile);
    const { remembered, done } = using();
    expect(await done).toMatchObject({ key: { source: 'file', inUse: true }, warning: null });
    expect(remembered).toEqual(['file']);
    const overruled = await using('VAULT_KEY_FILE').done;
    expect(overruled).toMatchObject({
      key: { inUse: false },
      warning: expect.stringContaining('VAULT_KEY_FILE'),
    });
  });

  it('is not written if the vault has no such key or the key does not open it', async () => {
    const none = using();
    await expect(none.done).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringMatching(/: vault key add file$/),
    });
    await addKey(stage.ctx, stage.fromFile);
    writeFileSync(stage.keyFile, Buffer.alloc(32, 7).toString('base64url'));
    const wrong = using();
    await expect(wrong.done).rejects.toMatchObject({ code: 'key_wrong' });
    expect([...none.remembered, ...wrong.remembered]).toEqual([]);
  });
});

it('the status loads no key, and says which is used here', async () => {
  await addKey(stage.ctx, stage.fromFile);
  stage.keychain.fail('timed_out');
  const { keys, inUse } = await keyStatus({
    ...stage.ctx,
    paths: { ...stage.ctx.paths, keyFile: stage.keyFile },
  });
  expect(inUse).toBe('keychain');
  expect(keys.map(({ source, place, inUse: used }) => [source, place, used])).toEqual([
    ['keychain', 'OS keychain', true],
    ['file', `key file ${stage.keyFile}`, false],
  ]);
});
