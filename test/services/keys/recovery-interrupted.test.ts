import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import { exportKey, importKey } from '../../../src/services/keys/recovery.js';
import { type KeyStage, openKeyStage, recoveryFile, type StageContext } from './key-stage.js';

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
const ctx = (): StageContext => ({ ...stage.recovering(), interruption: stop.signal });

/** Interrupted the moment after the passphrase was given. */
function typedThenStopped(): StageContext {
  const ask = async () => {
    setImmediate(() => stop.abort(reason));
    return new Secret('passphrase example 1');
  };
  return stage.with(
    { recoveryPassphrase: async () => ({ place: 'passphrase', ask }) },
    { interruption: stop.signal },
  );
}

describe('a recovery file whose making is interrupted', () => {
  it('is not there', async () => {
    await expect(exportKey(typedThenStopped(), recoveryFile(file))).rejects.toBe(reason);
    expect(existsSync(file)).toBe(false);
    expect(stage.events).toEqual([]);
  });

  it('is good once it is there', async () => {
    const { files } = ctx();
    const create: typeof files.create = (path, content) => {
      const made = files.create(path, content);
      stop.abort(reason);
      return made;
    };
    expect(await exportKey({ ...ctx(), files: { ...files, create } }, recoveryFile(file))).toBe(file);
    expect(stage.events.map(({ event }) => event)).toEqual(['key_exported']);
  });
});

it('an import that is interrupted before it makes a key leaves the vault and its source as they are', async () => {
  await exportKey(stage.recovering(), recoveryFile(file));
  stage.keychain.items.clear();
  const before = await stage.masterKeys();
  await expect(importKey(typedThenStopped(), recoveryFile(file), null)).rejects.toBe(reason);
  expect(await stage.masterKeys()).toEqual(before);
  expect(stage.inKeychain()).toEqual([]);
});

it('a recovery file for a folder that is not there is refused by its name, before anybody is asked', async () => {
  const recoveryPassphrase = () => Promise.reject(new Error('the user must not be asked'));
  const folder = join(stage.folder.home, 'usb');
  await expect(
    exportKey(stage.with({ recoveryPassphrase }), recoveryFile(join(folder, 'recovery'))),
  ).rejects.toMatchObject({
    code: 'vault_not_writable',
    message: `${join(folder, 'recovery')} cannot be made: the folder ${folder} is not there`,
    hint: `mkdir -p '${folder}'`,
  });
});
