import { describe, expect, it } from 'vitest';
import { keychainSource } from '../../src/keysources/os-keychain.js';
import { keychainDouble } from '../doubles/keychain.js';

const reference = `${'5a'.repeat(16)}/master/1`;

describe('the keychain', () => {
  it('gets one item: the name of this program, the reference, and 43 characters', async () => {
    const keychain = keychainDouble();
    await keychainSource(keychain).create(reference, Buffer.alloc(32, 0xff));
    expect([...keychain.items]).toEqual([[`token-vault, ${reference}`, `${'_'.repeat(42)}8`]]);
  });

  it('keeps the keys of several vaults and versions apart', async () => {
    const keychain = keychainDouble();
    const source = keychainSource(keychain);
    const references = [reference, reference.replace('/1', '/2'), reference.replaceAll('5a', '5b')];
    for (const [index, each] of references.entries()) await source.create(each, Buffer.alloc(32, index));
    const keys = await Promise.all(references.map((each) => source.load(each)));
    expect(keys.map((key) => key[0])).toEqual([0, 1, 2]);
  });

  it.each([
    ['unavailable', 'key_unavailable', 'vault init --key-source file'],
    ['locked', 'key_locked', 'unlock it'],
    ['timed_out', 'key_timed_out', 'systemctl --user restart'],
  ])('that is %s ends with %s, a hint, and nothing of what its library said', async (kind, code, hint) => {
    const keychain = keychainDouble();
    keychain.fail(kind);
    const source = keychainSource(keychain);
    for (const call of [() => source.load(reference), () => source.create(reference, Buffer.alloc(32))]) {
      const failure = await call().catch((thrown: unknown) => thrown);
      expect(failure).toMatchObject({ code, exitCode: 6, hint: expect.stringContaining(hint) });
      expect(String(failure)).not.toContain('message-of-the-library');
    }
    keychain.fail(null);
    expect(keychain.items.size).toBe(0);
  });

  it('passes on what is no failure of a keychain as it is', async () => {
    const keychain = keychainDouble();
    keychain.fail('something else');
    await expect(keychainSource(keychain).load(reference)).rejects.toThrow('message-of-the-library');
  });
});
