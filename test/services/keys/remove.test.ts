import { existsSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyFileSource } from '../../../src/keysources/key-file.js';
import { addKey } from '../../../src/services/keys/add.js';
import { removeKey } from '../../../src/services/keys/remove.js';
import { rotateKey } from '../../../src/services/keys/rotate-master.js';
import { masterReference } from '../../../src/vault/master-key.js';
import { type KeyTest, keyTest } from './key-test.js';

let stage: KeyTest;
beforeEach(async () => {
  stage = await keyTest();
});
afterEach(() => stage.close());

describe('removing a key', () => {
  const removing = (kind: 'keychain' | 'file') => removeKey(stage.ctx, kind);

  it('removes it from the vault and from its source', async () => {
    await addKey(stage.ctx, stage.fromFile);
    stage.use(stage.fromFile);
    expect(await removing('keychain')).toMatchObject({ key: 'the key was deleted from the OS keychain' });
    expect(stage.keychain.items.size).toBe(0);
    expect((await (await stage.store()).head()).wrappedKeys).toHaveLength(5);
    expect(await stage.opens()).toBe(true);
    expect(stage.events.at(-1)).toMatchObject({ event: 'key_removed', key_source: 'keychain' });
    // A number is never given twice while a key of a higher one is there.
    stage.use(stage.fromFile);
    expect((await addKey(stage.ctx, stage.fromKeychain)).reference).toMatch(/\/master\/3$/);
  });

  it('never removes the last one, the one in use, or a missing one', async () => {
    await expect(removing('keychain')).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('key add'),
    });
    await expect(removing('file')).rejects.toMatchObject({
      code: 'usage',
      hint: 'list the keys: vault key status\nor add one: vault key add file',
    });
    await addKey(stage.ctx, stage.fromFile);
    await expect(removing('keychain')).rejects.toMatchObject({
      code: 'usage',
      hint: 'choose another key first: vault key use file',
    });
    expect(await stage.masterKeys()).toHaveLength(2);
  });

  it('is refused if the remaining key does not open the vault', async () => {
    await addKey(stage.ctx, stage.fromFile);
    stage.use(stage.fromFile);
    unlinkSync(stage.keyFile);
    await expect(removing('keychain')).rejects.toMatchObject({ code: 'key_missing' });
    expect(await stage.masterKeys()).toHaveLength(2);
    expect(stage.keychain.items.size).toBe(1);
  });

  it('does not delete a different key, or one that may serve other vaults', async () => {
    await addKey(stage.ctx, stage.fromFile);
    const other = Buffer.alloc(32, 7).toString('base64url');
    writeFileSync(stage.keyFile, other);
    expect((await removing('file')).key).toMatch(
      /holds another key, which stays; if the key is in another file, delete it there$/,
    );
    expect(readFileSync(stage.keyFile, 'utf8')).toBe(other);
    unlinkSync(stage.keyFile);
    const shared = keyFileSource(stage.keyFile, stage.files);
    await addKey(stage.ctx, shared);
    expect((await removeKey(stage.with({ storing: async () => shared }), 'file')).key).toMatch(
      /stays, because other vaults may use it$/,
    );
    expect(existsSync(stage.keyFile)).toBe(true);
    expect(await stage.masterKeys()).toEqual([['keychain', '1']]);
  });

  it('deletes a leftover from a source in which the vault has no key', async () => {
    await expect(removing('file')).rejects.toMatchObject({ code: 'usage' });
    const store = await stage.store();
    const reference = masterReference((await store.head()).vaultId, 2);
    await store.noteLeftover({ reference, source: 'file', since: 1 });
    await stage.fromFile.createBeside(reference, Buffer.alloc(32, 7));
    expect((await removing('file')).key).toMatch(/stays: other vaults may use it$/);
    writeFileSync(stage.keyFile, `${Buffer.alloc(32, 7).toString('base64url')} ${reference}\n`);
    await store.noteLeftover({ reference, source: 'file', since: 1 });
    expect((await removing('file')).key).toMatch(/had left in the key file .* was deleted$/);
    expect(existsSync(stage.keyFile)).toBe(false);
    expect(await stage.leftovers()).toEqual([]);
    expect(await stage.masterKeys()).toEqual([['keychain', '1']]);
  });

  it('completes even if the source does not delete the key, and says so', async () => {
    await addKey(stage.ctx, stage.fromFile);
    stage.use(stage.fromFile);
    stage.keychain.fail('locked');
    expect((await removing('keychain')).key).toMatch(/could not be deleted from the OS keychain/);
    expect(await stage.masterKeys()).toEqual([['file', '2']]);
  });

  it('records a key that its source keeps, until the suggested command deletes it', async () => {
    await addKey(stage.ctx, stage.fromFile);
    stage.use(stage.fromFile);
    stage.keychain.fail('locked');
    await expect(rotateKey(stage.ctx, stage.fromKeychain)).rejects.toMatchObject({ code: 'key_locked' });
    expect((await removing('keychain')).key).toMatch(
      /could not be deleted .* yet; .*: vault key remove keychain$/,
    );
    expect([...(await stage.leftovers())].sort()).toEqual(['1']);
    await expect(removing('keychain')).rejects.toMatchObject({ code: 'key_locked' });
    stage.keychain.fail(null);
    expect((await removing('keychain')).key).toMatch(/had left in the OS keychain was deleted$/);
    expect(stage.keychain.items.size).toBe(0);
    expect(await stage.leftovers()).toEqual([]);
    await expect(removing('keychain')).rejects.toMatchObject({ code: 'usage' });
  });

  it('keeps another key that has the name of the removed one', async () => {
    const { reference } = await addKey(stage.ctx, stage.fromFile);
    const other = `${Buffer.alloc(32, 7).toString('base64url')} ${reference}\n`;
    writeFileSync(stage.keyFile, other);
    expect((await removing('file')).key).toMatch(
      /holds another key, which stays; if the key is in another file, delete it there$/,
    );
    expect(readFileSync(stage.keyFile, 'utf8')).toBe(other);
    expect(await stage.leftovers()).toEqual([]);
  });

  it('leaves no record if the key is gone, or was gone before', async () => {
    await addKey(stage.ctx, stage.fromFile);
    stage.use(stage.fromFile);
    stage.keychain.items.clear();
    expect((await removing('keychain')).key).toBe('the OS keychain does not hold it');
    expect(await stage.leftovers()).toEqual([]);
  });

  it('records the leftover in the commit that removes the key from the vault', async () => {
    await addKey(stage.ctx, stage.fromFile);
    stage.use(stage.fromFile);
    const killed = () => Promise.reject(new Error('killed'));
    const source = { ...stage.fromKeychain, load: killed, remove: killed, drop: killed };
    await removeKey(stage.with({ storing: async () => source }), 'keychain');
    expect(await stage.masterKeys()).toEqual([['file', '2']]);
    expect(await stage.leftovers()).toEqual(['1']);
  });
});
