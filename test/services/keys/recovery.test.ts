import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/domain/secret.js';
import { addKey } from '../../../src/services/keys/add.js';
import { exportKey, importKey } from '../../../src/services/keys/recovery.js';
import { rotateKey } from '../../../src/services/keys/rotate-master.js';
import { type KeyStage, openKeyStage, recoveryFile } from './key-stage.js';

let stage: KeyStage;
let file: string;
beforeEach(async () => {
  stage = await openKeyStage();
  file = join(stage.folder.home, 'recovery');
});
afterEach(() => stage.close());

describe('a recovery file', () => {
  it('opens the vault again where its key is lost, also after the key was replaced meanwhile', async () => {
    await exportKey(stage.recovering(), recoveryFile(file));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await rotateKey(stage.ctx, null);
    stage.keychain.items.clear();
    expect(await stage.opens()).toBe(false);
    const { key, replaced } = await importKey(stage.recovering(), recoveryFile(file), null);
    expect(key).toMatchObject({ source: 'keychain', inUse: true });
    expect(replaced).toHaveLength(1);
    expect(await stage.opens()).toBe(true);
    const told = stage.events.map(({ event }) => event).filter((event) => event.startsWith('key_'));
    expect(told).toEqual(['key_exported', 'key_rotated', 'key_imported']);
    expect(await stage.masterKeys()).toHaveLength(1);
    expect(await stage.leftovers()).toEqual([]);
  });

  it('gives the vault a key in another source, and leaves the rows of the others', async () => {
    await exportKey(stage.recovering(), recoveryFile(file));
    stage.keychain.items.clear();
    await importKey(stage.recovering(), recoveryFile(file), stage.fromFile);
    stage.use(stage.fromFile);
    expect(await stage.opens()).toBe(true);
  });

  it('is not made while the keys are being changed by somebody else, nor can they be changed while it is', async () => {
    const lock = await stage.folder.locks.acquire('vault', 0);
    const impatient = {
      ...stage.folder.locks,
      acquire: (name: string) => stage.folder.locks.acquire(name, 0),
    };
    await expect(
      exportKey({ ...stage.recovering(), locks: impatient }, recoveryFile(file)),
    ).rejects.toMatchObject({
      code: 'busy',
    });
    await lock.release();
    const ask = async () => {
      await expect(rotateKey({ ...stage.ctx, locks: impatient }, null)).rejects.toMatchObject({
        code: 'busy',
      });
      return new Secret('passphrase example 1');
    };
    const recoveryPassphrase = async () => ({ place: 'passphrase', ask });
    await exportKey(stage.with({ recoveryPassphrase }), recoveryFile(file));
  });

  it('is never written over anything, nor under a passphrase that is easy to guess', async () => {
    await expect(exportKey(stage.recovering('short'), recoveryFile(file))).rejects.toMatchObject({
      code: 'usage',
    });
    expect(existsSync(file)).toBe(false);
    await exportKey(stage.recovering(), recoveryFile(file));
    const before = readFileSync(file);
    await expect(exportKey(stage.recovering(), recoveryFile(file))).rejects.toMatchObject({
      code: 'vault_exists',
    });
    expect(readFileSync(file)).toEqual(before);
  });

  it('changes nothing where the key is not lost, the passphrase is wrong or the vault another one', async () => {
    await exportKey(stage.recovering(), recoveryFile(file));
    await expect(importKey(stage.recovering(), recoveryFile(file), null)).rejects.toMatchObject({
      code: 'usage',
    });
    const [[name, key] = ['', '']] = stage.keychain.items;
    stage.keychain.items.clear();
    await expect(
      importKey(stage.recovering('another passphrase'), recoveryFile(file), null),
    ).rejects.toMatchObject({
      code: 'key_wrong',
    });
    const other = await openKeyStage();
    await expect(importKey(other.recovering(), recoveryFile(file), other.fromFile)).rejects.toThrow(
      /recovery file of another vault/,
    );
    await other.close();
    expect(stage.keychain.items.size).toBe(0);
    stage.keychain.items.set(name, key);
    expect(await stage.opens()).toBe(true);
  });

  it('leaves nothing in the source when the new key cannot be read back', async () => {
    await exportKey(stage.recovering(), recoveryFile(file));
    await addKey(stage.ctx, stage.fromFile);
    stage.keychain.items.clear();
    stage.keychain.spoil((value) => value.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')));
    await expect(importKey(stage.recovering(), recoveryFile(file), null)).rejects.toMatchObject({
      code: 'key_unavailable',
    });
    expect(stage.keychain.items.size).toBe(0);
    stage.use(stage.fromFile);
    expect(await stage.opens()).toBe(true);
  });
});
