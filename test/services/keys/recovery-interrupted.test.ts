import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import { exportKey, importKey, type RecoveryDeps } from '../../../src/services/keys/recovery.js';
import { type KeyStage, openKeyStage } from './key-stage.js';

let stage: KeyStage;
let file: string;
let stop: AbortController;
beforeEach(async () => {
  stage = await openKeyStage();
  file = join(stage.folder.home, 'recovery');
  stop = new AbortController();
});
afterEach(() => stage.close());

const reason = new VaultError('interrupted', 'interrupted');
const deps = (): RecoveryDeps => ({ ...stage.recovering(), interruption: stop.signal });

/** Interrupted the moment after the passphrase was given. */
function typedThenStopped(): RecoveryDeps {
  const ask = async () => {
    setImmediate(() => stop.abort(reason));
    return new Secret('passphrase example 1');
  };
  return { ...deps(), passphrase: async () => ({ place: 'passphrase', ask }) };
}

describe('a recovery file whose making is interrupted', () => {
  it('is not there', async () => {
    await expect(exportKey(typedThenStopped(), file)).rejects.toBe(reason);
    expect(existsSync(file)).toBe(false);
    expect(stage.events).toEqual([]);
  });

  it('is good once it is there', async () => {
    const { files } = deps();
    const create: typeof files.create = (path, content) => {
      const made = files.create(path, content);
      stop.abort(reason);
      return made;
    };
    expect(await exportKey({ ...deps(), files: { ...files, create } }, file)).toEqual({ file });
    expect(stage.events.map(({ event }) => event)).toEqual(['key_exported']);
  });
});

it('an import that is interrupted before it makes a key leaves the vault and its source as they are', async () => {
  await exportKey(stage.recovering(), file);
  stage.keychain.items.clear();
  const before = await stage.masterKeys();
  await expect(importKey(typedThenStopped(), file, null)).rejects.toBe(reason);
  expect(await stage.masterKeys()).toEqual(before);
  expect(stage.inKeychain()).toEqual([]);
});

it('a recovery file for a folder that is not there is refused by its name, before anybody is asked', async () => {
  const passphrase = () => Promise.reject(new Error('nobody must be asked'));
  const folder = join(stage.folder.home, 'usb');
  await expect(exportKey({ ...deps(), passphrase }, join(folder, 'recovery'))).rejects.toMatchObject({
    code: 'vault_not_writable',
    message: `${join(folder, 'recovery')} cannot be made: the folder ${folder} is not there`,
    hint: `mkdir -p '${folder}'`,
  });
});
