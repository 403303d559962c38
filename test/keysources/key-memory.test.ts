import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import type { KeySource } from '../../src/keysources/contract.js';
import { keyMemory } from '../../src/keysources/key-memory.js';
import { keychainSource } from '../../src/keysources/os-keychain.js';
import { passphraseSource } from '../../src/keysources/passphrase.js';
import { keychainDouble } from '../doubles/keychain.js';

const key = Buffer.alloc(32, 5);

/** A source that counts how often it is asked. */
function counting() {
  let loads = 0;
  const source: KeySource = {
    kind: 'credential',
    keys: 'given',
    setting: { kind: 'credential', name: null },
    place: 'example',
    path: null,
    recipe: 'printf example',
    async load() {
      loads += 1;
      return Buffer.from(key);
    },
  };
  return { source, loads: () => loads };
}

describe('a key that was read once', () => {
  it('is loaded once for concurrent callers, and each gets a copy', async () => {
    const { source, loads } = counting();
    const around = keyMemory().around(source);
    const copies = await Promise.all([around.load('a'), around.load('a'), around.load('a')]);
    for (const copy of copies) copy.fill(0);
    expect(await around.load('a')).toEqual(key);
    expect(loads()).toBe(1);
    await around.load('b');
    expect(loads()).toBe(2);
  });

  it('is known when another process has sent it', async () => {
    const { source, loads } = counting();
    const memory = keyMemory();
    const handed = Buffer.alloc(32, 9);
    memory.keep({ reference: 'a', key: handed });
    handed.fill(0);
    expect(await memory.around(source).load('a')).toEqual(Buffer.alloc(32, 9));
    expect(loads()).toBe(0);
  });

  it('is loaded again once it was forgotten', async () => {
    const { source, loads } = counting();
    const memory = keyMemory();
    const around = memory.around(source);
    await around.load('a');
    memory.forget();
    expect(await around.load('a')).toEqual(key);
    expect(loads()).toBe(2);
  });

  it('is known after it was made, and forgotten after it was removed', async () => {
    const keychain = keychainDouble();
    const around = keyMemory().around(keychainSource(keychain));
    await around.create('a', Buffer.from(key));
    keychain.fail('locked');
    expect(await around.load('a')).toEqual(key);
    keychain.fail(null);
    await around.remove('a');
    await expect(around.load('a')).rejects.toMatchObject({ code: 'key_missing' });
    let asked = 0;
    const ask = async () => {
      asked += 1;
      return new Secret('passphrase example 1');
    };
    const derived = keyMemory().around(passphraseSource(null, { ask, place: 'passphrase' }));
    const made = await derived.derive('a');
    expect(await derived.load('a', made.parameters)).toEqual(made.key);
    expect(asked).toBe(1);
  });
});
