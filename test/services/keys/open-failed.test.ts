import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import { passphraseSource } from '../../../src/keysources/passphrase.js';
import { addKey } from '../../../src/services/keys/add.js';
import { exportKey, importKey } from '../../../src/services/keys/recovery.js';
import { removeKey } from '../../../src/services/keys/remove.js';
import { rotateKey } from '../../../src/services/keys/rotate-master.js';
import { useKey } from '../../../src/services/keys/status.js';
import { type KeyStage, openKeyStage, recoveryFile } from './key-stage.js';

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
const recovering = () => stage.with({ recoveryPassphrase: async () => ({ place: 'passphrase', ask }) });
const failures = () => stage.events.filter(({ event }) => event === 'open_failed');

describe('a wrong key', () => {
  it.each([
    ['using the vault', async () => (await stage.access.open())?.rehearse()],
    ['choosing a key', () => useKey(stage.ctx, stage.fromFile)],
    ['adding a key', () => addKey(stage.ctx, fromPassphrase)],
    ['removing a key', () => removeKey(stage.ctx, 'keychain')],
    ['rotating a key', () => rotateKey(stage.ctx, stage.fromKeychain)],
    ['exporting the keys', () => exportKey(recovering(), recoveryFile(file))],
  ])('is taken down when %s', async (_what, action) => {
    await addKey(stage.ctx, stage.fromFile);
    stage.use(stage.fromFile);
    await stage.access.close();
    writeFileSync(stage.keyFile, Buffer.alloc(32, 9).toString('base64url'));
    await expect(action()).rejects.toMatchObject({ code: 'key_wrong' });
    expect(failures()).toEqual([{ event: 'open_failed', code: 'key_wrong', key_source: 'file' }]);
  });
});

describe('a wrong passphrase', () => {
  it('is taken down when it was for the recovery file', async () => {
    await exportKey(recovering(), recoveryFile(file));
    stage.keychain.items.clear();
    asked = async () => new Secret('not the passphrase');
    await expect(importKey(recovering(), recoveryFile(file), null)).rejects.toMatchObject({
      code: 'key_wrong',
    });
    expect(failures()).toEqual([{ event: 'open_failed', code: 'key_wrong', key_source: 'recovery_file' }]);
  });

  it('was none where the person broke off', async () => {
    await addKey(stage.ctx, fromPassphrase);
    stage.use(fromPassphrase);
    await stage.access.close();
    asked = () => Promise.reject(new VaultError('interrupted', 'interrupted'));
    await expect(stage.access.open().then((vault) => vault?.rehearse())).rejects.toMatchObject({
      code: 'interrupted',
    });
    await expect(exportKey(recovering(), recoveryFile(file))).rejects.toMatchObject({ code: 'interrupted' });
    expect(failures()).toEqual([]);
  });
});
