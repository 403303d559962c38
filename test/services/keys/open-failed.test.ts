import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import { passphraseSource } from '../../../src/keysources/passphrase.js';
import { addKey } from '../../../src/services/keys/add-key.js';
import { useKey } from '../../../src/services/keys/keys-in-use.js';
import { exportKey, importKey, type RecoveryDeps } from '../../../src/services/keys/recovery.js';
import { removeKey } from '../../../src/services/keys/remove-key.js';
import { rotateKey } from '../../../src/services/keys/rotate-key.js';
import { type KeyStage, openKeyStage } from './key-stage.js';

const RIGHT = 'passphrase example 1';

let stage: KeyStage;
let file: string;
let asked: () => Promise<Secret>;
beforeEach(async () => {
  stage = await openKeyStage();
  file = join(stage.folder.home, 'recovery');
  asked = async () => new Secret(RIGHT);
});
afterEach(() => stage.close());

const ask = () => asked();
const fromPassphrase = passphraseSource(null, { ask, place: 'passphrase' });
const recovering = (): RecoveryDeps => ({
  ...stage.recovering(),
  passphrase: async () => ({ place: 'passphrase', ask }),
});
const failures = () => stage.events.filter(({ event }) => event === 'open_failed');

describe('a wrong key', () => {
  const using = () => ({
    ...stage.deps,
    configFile: 'config.json',
    remember: async () => null,
    overruledBy: null,
  });

  it.each([
    ['using the vault', async () => (await stage.access.open())?.rehearse()],
    ['choosing a key', () => useKey(using(), stage.fromFile)],
    ['adding a key', () => addKey(stage.deps, fromPassphrase)],
    ['removing a key', () => removeKey(stage.deps, 'keychain', async () => stage.fromKeychain)],
    ['rotating a key', () => rotateKey(stage.deps, stage.fromKeychain)],
    ['exporting the keys', () => exportKey(recovering(), file)],
  ])('is taken down when %s', async (_what, action) => {
    await addKey(stage.deps, stage.fromFile);
    stage.use(stage.fromFile);
    await stage.access.close();
    writeFileSync(stage.keyFile, Buffer.alloc(32, 9).toString('base64url'));
    await expect(action()).rejects.toMatchObject({ code: 'key_wrong' });
    expect(failures()).toEqual([{ event: 'open_failed', code: 'key_wrong', key_source: 'file' }]);
  });
});

describe('a wrong passphrase', () => {
  it('is taken down when it was for the recovery file', async () => {
    await exportKey(recovering(), file);
    stage.keychain.items.clear();
    asked = async () => new Secret('not the passphrase');
    await expect(importKey(recovering(), file, null)).rejects.toMatchObject({ code: 'key_wrong' });
    expect(failures()).toEqual([{ event: 'open_failed', code: 'key_wrong', key_source: 'recovery_file' }]);
  });

  it('was none where the person broke off', async () => {
    await addKey(stage.deps, fromPassphrase);
    stage.use(fromPassphrase);
    await stage.access.close();
    asked = () => Promise.reject(new VaultError('interrupted', 'interrupted'));
    await expect(stage.access.open().then((vault) => vault?.rehearse())).rejects.toMatchObject({
      code: 'interrupted',
    });
    await expect(exportKey(recovering(), file)).rejects.toMatchObject({ code: 'interrupted' });
    expect(failures()).toEqual([]);
  });
});
