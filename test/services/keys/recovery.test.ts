import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../../src/context.js';
import { VaultError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import type { GivenKeySource, KeySource } from '../../../src/keysources/contract.js';
import { keychainSource } from '../../../src/keysources/os-keychain.js';
import { passphraseSource } from '../../../src/keysources/passphrase.js';
import { addKey } from '../../../src/services/keys/add.js';
import { exportKey, importKey, withFileFallback } from '../../../src/services/keys/recovery.js';
import { rotateDataKeys } from '../../../src/services/keys/rotate-data.js';
import { rotateKey } from '../../../src/services/keys/rotate-master.js';
import { keychainDouble } from '../../doubles/keychain.js';
import { tamper } from '../../harness/tamper.js';
import { type KeyTest, keyTest, recoveryFile } from './key-test.js';

/** Made once with its recovery file, because each use of a passphrase takes half a second. */
let stage: KeyTest;
let reset: () => Promise<void>;
let file: string;
let stop: AbortController;
beforeAll(async () => {
  stage = await keyTest();
  file = at('recovery');
  await exportKey(stage.recovering(), recoveryFile(file));
  reset = await stage.save();
});
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => reset());
afterAll(() => stage.close());

const at = (name: string) => join(stage.folder, name);
const importing = (ctx: Context = stage.recovering(), source: KeySource | null = null, from = file) =>
  importKey(ctx, recoveryFile(from), source);
const reason = new VaultError('interrupted', 'interrupted');

function asking(ask: () => Promise<Secret>): Context {
  const recoveryPassphrase = async () => ({ place: 'passphrase', ask });
  return stage.with({ recoveryPassphrase }, { interruption: stop.signal });
}

/** Interrupted the moment after the passphrase was given. */
const typedThenStopped = () =>
  asking(async () => {
    setImmediate(() => stop.abort(reason));
    return new Secret('passphrase example 1');
  });

async function damage(sql: string): Promise<void> {
  await stage.ctx.access.close();
  tamper(stage.paths.database, sql);
}

async function restoreDatabase(copy: string): Promise<void> {
  await stage.ctx.access.close();
  copyFileSync(copy, stage.paths.database);
}

async function copied(name: string): Promise<string> {
  await stage.ctx.access.close();
  copyFileSync(stage.paths.database, at(name));
  return at(name);
}

async function opensEverything(): Promise<boolean> {
  await stage.ctx.access.close();
  await (await stage.vault()).rehearse();
  const keys = new Set((await (await stage.store()).head()).wrappedKeys.map((row) => row.purpose));
  return keys.size === 5;
}

describe('exporting the keys', () => {
  it('never overwrites a file', async () => {
    const before = readFileSync(file);
    await expect(exportKey(stage.recovering(), recoveryFile(file))).rejects.toMatchObject({
      code: 'vault_exists',
    });
    expect(readFileSync(file)).toEqual(before);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('refuses a passphrase that is easy to guess', async () => {
    await expect(exportKey(stage.recovering('short'), recoveryFile(at('new')))).rejects.toMatchObject({
      code: 'usage',
    });
    expect(existsSync(at('new'))).toBe(false);
  });

  it('excludes changes of the keys, and is excluded by them', async () => {
    const { locks } = stage;
    const impatient = { ...locks, acquire: (name: string) => locks.acquire(name, 0) };
    const lock = await locks.acquire('vault', 0);
    await expect(
      exportKey({ ...stage.recovering(), locks: impatient }, recoveryFile(at('new'))),
    ).rejects.toMatchObject({ code: 'busy' });
    await lock.release();
    const ctx = asking(async () => {
      await rotateKey({ ...stage.ctx, locks: impatient }, null);
      throw new Error('the keys were changed');
    });
    await expect(exportKey(ctx, recoveryFile(at('new')))).rejects.toMatchObject({ code: 'busy' });
  });

  it('leaves no file if it is interrupted', async () => {
    await expect(exportKey(typedThenStopped(), recoveryFile(at('new')))).rejects.toBe(reason);
    expect(existsSync(at('new'))).toBe(false);
    expect(stage.events).toEqual([]);
  });

  it('completes if it is interrupted after the file was written', async () => {
    const { files } = stage.ctx;
    const create: typeof files.create = (path, content) => {
      const made = files.create(path, content);
      stop.abort(reason);
      return made;
    };
    const ctx = { ...stage.recovering(), interruption: stop.signal, files: { ...files, create } };
    expect(await exportKey(ctx, recoveryFile(at('new')))).toBe(at('new'));
    expect(stage.events).toEqual([{ event: 'key_exported' }]);
  });

  it('refuses a missing folder before it asks', async () => {
    const ctx = asking(() => Promise.reject(new Error('the user must not be asked')));
    await expect(exportKey(ctx, recoveryFile(at('usb/recovery')))).rejects.toMatchObject({
      code: 'vault_not_writable',
      message: `${at('usb/recovery')} cannot be created: the folder ${at('usb')} does not exist`,
      hint: `mkdir -p '${at('usb')}'`,
    });
  });
});

describe('importing the keys', () => {
  it('opens a vault whose key is lost, even one that was rotated since', async () => {
    await rotateKey(stage.ctx, null);
    stage.keychain.items.clear();
    expect(await stage.opens()).toBe(false);
    const { key, replaced } = await importing();
    expect(key).toMatchObject({ source: 'keychain', inUse: true });
    expect(replaced).toHaveLength(1);
    expect(await stage.opens()).toBe(true);
    const events = stage.events.map(({ event }) => event).filter((event) => event.startsWith('key_'));
    expect(events).toEqual(['key_rotated', 'key_imported']);
    expect(await stage.masterKeys()).toHaveLength(1);
    expect(await stage.leftovers()).toEqual([]);
  });

  it('puts the key into another source', async () => {
    stage.keychain.items.clear();
    await importing(stage.recovering(), stage.fromFile);
    stage.use(stage.fromFile);
    expect(await stage.opens()).toBe(true);
  });

  it('is refused if the key is not lost', async () => {
    await expect(importing()).rejects.toMatchObject({ code: 'usage' });
  });

  it('is refused with a wrong passphrase, which is recorded', async () => {
    stage.keychain.items.clear();
    await expect(importing(stage.recovering('another passphrase'))).rejects.toMatchObject({
      code: 'key_wrong',
    });
    expect(stage.keychain.items.size).toBe(0);
    expect(stage.events).toEqual([{ event: 'open_failed', code: 'key_wrong', key_source: 'recovery_file' }]);
  });

  it('is refused for another vault', async () => {
    const other = await keyTest();
    await expect(importing(other.recovering(), other.fromFile)).rejects.toThrow(
      /recovery file of another vault/,
    );
    await other.close();
  });

  it('changes nothing if it is interrupted before it makes a key', async () => {
    stage.keychain.items.clear();
    const before = await stage.masterKeys();
    await expect(importing(typedThenStopped())).rejects.toBe(reason);
    expect(await stage.masterKeys()).toEqual(before);
    expect(stage.inKeychain()).toEqual([]);
  });

  it('leaves nothing in the source if the new key cannot be read back', async () => {
    await addKey(stage.ctx, stage.fromFile);
    stage.keychain.items.clear();
    stage.keychain.spoil((value) => value.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')));
    await expect(importing()).rejects.toMatchObject({ code: 'key_unavailable' });
    stage.keychain.spoil((value) => value);
    expect(stage.keychain.items.size).toBe(0);
    stage.use(stage.fromFile);
    expect(await stage.opens()).toBe(true);
  });

  it.each([
    ['a wrapped key', "UPDATE keys SET wrapped = zeroblob(60) WHERE purpose = 'refresh_token'"],
    ['the row of one', "DELETE FROM keys WHERE purpose = 'refresh_token'"],
  ])('restores a damaged key table, even if the master key exists: %s', async (_what, sql) => {
    await damage(sql);
    await importing();
    expect(await opensEverything()).toBe(true);
  });

  it('is refused for a key that opens everything, even if other rows are damaged', async () => {
    await addKey(stage.ctx, stage.fromFile);
    await damage("UPDATE keys SET wrapped = zeroblob(60) WHERE master_reference LIKE '%/2'");
    await expect(importing()).rejects.toMatchObject({ code: 'usage' });
    await importing(stage.recovering(), stage.fromFile);
    stage.use(stage.fromFile);
    expect(await opensEverything()).toBe(true);
  });

  it('reads a file of any mode, and keeps the mode', async () => {
    renameSync(file, at('file'));
    writeFileSync(at('letter'), 'this is no recovery file');
    for (const name of ['file', 'letter']) chmodSync(at(name), 0o644);
    await expect(importing(stage.recovering(), null, at('letter'))).rejects.toMatchObject({
      code: 'vault_damaged',
    });
    stage.keychain.items.clear();
    await importing(stage.recovering(), null, at('file'));
    expect(['file', 'letter'].map((name) => statSync(at(name)).mode & 0o777)).toEqual([0o644, 0o644]);
    expect(stage.notices).toEqual([]);
  });
});

describe('a recovery file and a vault of different times', () => {
  const newDataKeys = () => rotateDataKeys(stage.ctx, () => {});

  it('are distinguished by which of the two is older', async () => {
    const before = await copied('before');
    await newDataKeys();
    await exportKey(stage.recovering(), recoveryFile(at('new')));
    stage.keychain.items.clear();
    await expect(importing()).rejects.toMatchObject({
      code: 'key_wrong',
      message: `${file} was made before the data keys of this vault were replaced`,
    });
    await restoreDatabase(before);
    await expect(importing(stage.recovering(), null, at('new'))).rejects.toMatchObject({
      code: 'key_wrong',
      message: `${at('new')} was made after the data keys were replaced, and this copy of the vault was made before`,
      hint: 'use a recovery file that was made before the data keys were replaced, or restore a backup that was made after',
    });
    expect(stage.keychain.items.size).toBe(0);
    await importing();
    expect(await opensEverything()).toBe(true);
  });

  it('do not match if both have replaced the data keys', async () => {
    const before = await copied('before');
    await newDataKeys();
    await exportKey(stage.recovering(), recoveryFile(at('theirs')));
    await restoreDatabase(before);
    await (await stage.ctx.access.open())?.acceptAsItIs();
    await newDataKeys();
    stage.keychain.items.clear();
    await expect(importing(stage.recovering(), null, at('theirs'))).rejects.toMatchObject({
      code: 'vault_damaged',
      message: expect.stringMatching(
        /do not open the ledger of this vault: .* another copy of it, or the ledger/,
      ),
      hint: expect.stringMatching(/\nvault restore FILE$/),
    });
    expect(stage.keychain.items.size).toBe(0);
  });
});

describe('a source for the new key of an import', () => {
  const INSTEAD = "or put the new key into a file: vault key import '/backup/recovery' file";
  const unusable = new VaultError('key_unavailable', 'there is no terminal', { hint: 'name a file' });
  const fails = () => Promise.reject(unusable);
  const given: GivenKeySource = {
    kind: 'credential',
    keys: 'given',
    setting: { kind: 'credential', name: null },
    place: 'credential',
    path: null,
    recipe: 'make-key',
    load: fails,
  };
  const keychain = (createBeside: (reference: string, key: Buffer) => Promise<void>): KeySource => ({
    ...keychainSource(keychainDouble()),
    createBeside,
  });

  /** Makes a new key in each kind of source. */
  function make(of: KeySource): Promise<unknown> {
    const source = withFileFallback(of, '/backup/recovery');
    if (source.keys === 'stored') return source.createBeside('reference', Buffer.alloc(32, 1));
    return source.keys === 'derived' ? source.derive('reference') : source.load('reference');
  }

  it.each<[string, KeySource]>([
    ['keychain', keychain(fails)],
    ['passphrase', passphraseSource(null, { ask: fails, place: 'passphrase' })],
    ['credential', given],
  ])('suggests a key file if it does not work: %s', async (_kind, source) => {
    await expect(make(source)).rejects.toMatchObject({
      code: 'key_unavailable',
      hint: `name a file\n${INSTEAD}`,
    });
  });

  it('that is a file does not suggest itself', async () => {
    await expect(make({ ...given, kind: 'file' })).rejects.toBe(unusable);
  });

  it('does not suggest one if it fails for another reason', async () => {
    const taken = new VaultError('vault_exists', 'taken');
    await expect(make(keychain(() => Promise.reject(taken)))).rejects.toBe(taken);
  });

  it('makes the key if it works', async () => {
    const made: string[] = [];
    await make(keychain(async (reference) => void made.push(reference)));
    expect(made).toEqual(['reference']);
  });
});
