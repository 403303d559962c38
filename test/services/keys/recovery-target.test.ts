import { describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import type { GivenKeySource, KeySource } from '../../../src/keysources/contract.js';
import { keychainSource } from '../../../src/keysources/os-keychain.js';
import { passphraseSource } from '../../../src/keysources/passphrase.js';
import { withFileFallback } from '../../../src/services/keys/recovery.js';
import { keychainDouble } from '../../doubles/keychain.js';

const INSTEAD = "or put the new key into a file: vault key import '/backup/recovery' file";
const nobody = new VaultError('key_unavailable', 'there is nobody to ask', { hint: 'name a file' });
const fails = () => Promise.reject(nobody);

const given: GivenKeySource = {
  kind: 'credential',
  keys: 'given',
  setting: { kind: 'credential', name: null },
  place: 'credential',
  path: null,
  recipe: 'make-key',
  load: fails,
};

/** How a new key comes by way of each kind of source. */
function make(source: KeySource): Promise<unknown> {
  if (source.keys === 'stored') return source.createBeside('reference', Buffer.alloc(32, 1));
  return source.keys === 'derived' ? source.derive('reference') : source.load('reference');
}

describe('a source for the new key of an import', () => {
  it.each<[string, KeySource]>([
    ['keychain', { ...keychainSource(keychainDouble()), createBeside: fails }],
    ['passphrase', passphraseSource(null, { ask: fails, place: 'passphrase' })],
    ['credential', given],
  ])('of the kind %s that does not work here names a key file as the way out', async (_kind, source) => {
    await expect(make(withFileFallback(source, '/backup/recovery'))).rejects.toMatchObject({
      code: 'key_unavailable',
      hint: `name a file\n${INSTEAD}`,
    });
  });

  it('that is a file already does not lead to itself', async () => {
    const source: KeySource = { ...given, kind: 'file' };
    await expect(make(withFileFallback(source, '/backup/recovery'))).rejects.toBe(nobody);
  });

  it('that fails for another reason says that alone', async () => {
    const taken = new VaultError('vault_exists', 'taken');
    const source: KeySource = {
      ...keychainSource(keychainDouble()),
      createBeside: () => Promise.reject(taken),
    };
    await expect(make(withFileFallback(source, '/backup/recovery'))).rejects.toBe(taken);
  });

  it('makes the key where it works', async () => {
    const keychain = keychainDouble();
    await make(withFileFallback(keychainSource(keychain), '/backup/recovery'));
    expect(keychain.items.size).toBe(1);
  });
});
