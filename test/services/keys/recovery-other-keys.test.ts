import { chmodSync, copyFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addKey } from '../../../src/services/keys/add.js';
import { exportKey, importKey } from '../../../src/services/keys/recovery.js';
import { rotateDataKeys } from '../../../src/services/keys/rotate-data.js';
import { tamper } from '../../harness/tamper.js';
import { type KeyStage, openKeyStage, recoveryFile } from './key-stage.js';

let stage: KeyStage;
beforeEach(async () => {
  stage = await openKeyStage();
});
afterEach(() => stage.close());

const at = (name: string) => join(stage.folder.home, name);

const newDataKeys = () => rotateDataKeys(stage.ctx, () => {});

async function putBack(copy: string): Promise<void> {
  await stage.access.close();
  copyFileSync(copy, stage.folder.paths.database);
}

async function copied(name: string): Promise<string> {
  await stage.access.close();
  copyFileSync(stage.folder.paths.database, at(name));
  return at(name);
}

async function damage(sql: string): Promise<void> {
  await stage.access.close();
  tamper(stage.folder.paths.database, sql);
}

async function opensEverything(): Promise<boolean> {
  await stage.access.close();
  await (await stage.vault()).rehearse();
  const keys = new Set((await (await stage.store()).head()).wrappedKeys.map((row) => row.purpose));
  return keys.size === 5;
}

describe('a recovery file and a vault of different times', () => {
  it('are told apart by which of the two is older', async () => {
    const before = await copied('before');
    await exportKey(stage.recovering(), recoveryFile(at('old')));
    await newDataKeys();
    await exportKey(stage.recovering(), recoveryFile(at('new')));
    stage.keychain.items.clear();
    await expect(importKey(stage.recovering(), recoveryFile(at('old')), null)).rejects.toMatchObject({
      code: 'key_wrong',
      message: `${at('old')} was made before the data keys of this vault were replaced`,
    });
    await putBack(before);
    await expect(importKey(stage.recovering(), recoveryFile(at('new')), null)).rejects.toMatchObject({
      code: 'key_wrong',
      message: `${at('new')} was made after the data keys were replaced, and this copy of the vault is from before`,
      hint: 'use the recovery file of that time, or a backup that was made after the replacement',
    });
    expect(stage.keychain.items.size).toBe(0);
    await importKey(stage.recovering(), recoveryFile(at('old')), null);
    expect(await opensEverything()).toBe(true);
  });

  it('do not go together when both have replaced the data keys by themselves', async () => {
    const before = await copied('before');
    await newDataKeys();
    await exportKey(stage.recovering(), recoveryFile(at('theirs')));
    await putBack(before);
    await (await stage.access.open())?.acceptAsItIs();
    await newDataKeys();
    stage.keychain.items.clear();
    await expect(importKey(stage.recovering(), recoveryFile(at('theirs')), null)).rejects.toMatchObject({
      code: 'vault_damaged',
      message: expect.stringMatching(
        /do not open the ledger of this vault: .* another copy of it, or the ledger/,
      ),
      hint: expect.stringMatching(/\nvault restore FILE$/),
    });
    expect(stage.keychain.items.size).toBe(0);
  });
});

describe('a table of keys that is damaged', () => {
  it.each([
    ['a wrapped key', "UPDATE keys SET wrapped = zeroblob(60) WHERE purpose = 'refresh_token'"],
    ['the row of one', "DELETE FROM keys WHERE purpose = 'refresh_token'"],
  ])('is had anew from the recovery file, though the master key is there: %s', async (_what, sql) => {
    await exportKey(stage.recovering(), recoveryFile(at('file')));
    await damage(sql);
    await importKey(stage.recovering(), recoveryFile(at('file')), null);
    expect(await opensEverything()).toBe(true);
  });

  it('is no reason to have a key anew that opens everything', async () => {
    await addKey(stage.ctx, stage.fromFile);
    await exportKey(stage.recovering(), recoveryFile(at('file')));
    await damage("UPDATE keys SET wrapped = zeroblob(60) WHERE master_reference LIKE '%/2'");
    await expect(importKey(stage.recovering(), recoveryFile(at('file')), null)).rejects.toMatchObject({
      code: 'usage',
    });
    await importKey(stage.recovering(), recoveryFile(at('file')), stage.fromFile);
    stage.use(stage.fromFile);
    expect(await opensEverything()).toBe(true);
  });
});

it('a file is read as it is, and its mode stays, whatever it is', async () => {
  await exportKey(stage.recovering(), recoveryFile(at('made')));
  renameSync(at('made'), at('file'));
  writeFileSync(at('letter'), 'this is no recovery file');
  for (const name of ['file', 'letter']) chmodSync(at(name), 0o644);
  await expect(importKey(stage.recovering(), recoveryFile(at('letter')), null)).rejects.toMatchObject({
    code: 'vault_damaged',
  });
  stage.keychain.items.clear();
  await importKey(stage.recovering(), recoveryFile(at('file')), null);
  expect(['file', 'letter'].map((name) => statSync(at(name)).mode & 0o777)).toEqual([0o644, 0o644]);
  expect(stage.folder.notices).toEqual([]);
});
