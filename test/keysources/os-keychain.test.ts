import { describe, expect, it } from 'vitest';
import type { VaultError } from '../../src/domain/errors.js';
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
    ['not_installed', 'keychain_not_installed', 'cannot be used'],
    ['bus_missing', 'session_bus_missing', 'cannot be reached'],
    ['unavailable', 'key_unavailable', 'cannot be used here'],
    ['locked', 'key_locked', 'is locked'],
    ['denied', 'key_denied', 'gives no access'],
    ['timed_out', 'key_timed_out', 'hangs'],
  ])(
    'that is %s ends with %s, the way out, and nothing of what its library said',
    async (kind, code, says) => {
      const keychain = keychainDouble();
      keychain.fail(kind);
      for (const [isFirstRun, commands] of [
        [() => false, []],
        [() => true, ['vault init --key-source file']],
      ] as const) {
        const source = keychainSource(keychain, isFirstRun);
        for (const call of [
          () => source.load(reference),
          () => source.create(reference, Buffer.alloc(32)),
          () => source.remove(reference),
        ]) {
          const failure = (await call().catch((thrown: unknown) => thrown)) as VaultError;
          expect(failure).toMatchObject({ code, exitCode: 6, message: `the OS keychain ${says}` });
          expect(failure.hint).toMatch(/\w/);
          // Which keys a vault has is not known here, so none of them is recommended.
          expect(failure.hint).not.toContain('vault key');
          for (const command of commands) expect(failure.hint).toContain(`: ${command}`);
          expect(`${failure} ${failure.hint}`).not.toContain('message-of-the-library');
        }
      }
      keychain.fail(null);
      expect(keychain.items.size).toBe(0);
    },
  );

  it('tells what it knows of a failure, and the step that helps in that very case first', async () => {
    const keychain = keychainDouble();
    keychain.fail('timed_out', { about: 'process 7 did not answer', remedy: 'end it: kill -9 7' });
    const failure = (await keychainSource(keychain)
      .load(reference)
      .catch((thrown: unknown) => thrown)) as VaultError;
    expect(failure.message).toBe('the OS keychain hangs: process 7 did not answer');
    expect(failure.hint?.split('\n')[0]).toBe('end it: kill -9 7');
  });

  it('passes on what is no failure of a keychain as it is', async () => {
    const keychain = keychainDouble();
    keychain.fail('something else');
    await expect(keychainSource(keychain).load(reference)).rejects.toThrow('message-of-the-library');
  });
});
