import { describe, expect, it } from 'vitest';
import type { VaultError } from '../../src/domain/errors.js';
import { keychainSource } from '../../src/keysources/os-keychain.js';
import { keychainDouble } from '../doubles/keychain.js';

const reference = `${'5a'.repeat(16)}/master/1`;

describe('the keychain', () => {
  it('gets one item with service, reference and 43 characters', async () => {
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
    ['denied', 'key_denied', 'denied access'],
    ['timed_out', 'key_timed_out', 'hangs'],
  ])('that is %s fails with %s and a hint, without the library’s message', async (kind, code, says) => {
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
  });

  it('reports the cause of a failure, and its specific remedy first', async () => {
    const keychain = keychainDouble();
    keychain.fail('timed_out', { about: 'process 7 did not answer', remedy: 'end it: kill -9 7' });
    const failure = (await keychainSource(keychain)
      .load(reference)
      .catch((thrown: unknown) => thrown)) as VaultError;
    expect(failure.message).toBe('the OS keychain hangs: process 7 did not answer');
    expect(failure.hint?.split('\n')[0]).toBe('end it: kill -9 7');
  });

  it('passes on other failures unchanged', async () => {
    const keychain = keychainDouble();
    keychain.fail('something else');
    await expect(keychainSource(keychain).load(reference)).rejects.toThrow('message-of-the-library');
  });

  const [first, second] = ['/1', '/2'].map((end) => reference.replace('/1', end)) as [string, string];

  /** A keychain daemon was killed between two calls, and the new one is locked: nothing is shown, and nothing removed. */
  function startedAnew(from: 'remove' | 'read') {
    const keychain = keychainDouble();
    let anew = false;
    const source = keychainSource({
      ...keychain,
      read: async (service, account) => {
        if (from === 'read') anew = true;
        return anew ? null : keychain.read(service, account);
      },
      remove: async (service, account) => {
        anew = true;
        return anew ? false : keychain.remove(service, account);
      },
    });
    return { keychain, source };
  }

  it.each(['remove', 'read'] as const)(
    'that was restarted just before a %s has deleted no key',
    async (from) => {
      const { keychain, source } = startedAnew(from);
      for (const each of [first, second])
        keychain.items.set(`token-vault, ${each}`, Buffer.alloc(32).toString('base64url'));
      const notGone = { code: 'key_unavailable', message: expect.stringContaining(first) };
      await expect(source.drop(first, second)).rejects.toMatchObject(notGone);
      expect(keychain.items.size).toBe(2);
    },
  );

  it('that shows a key and then cannot remove it has not deleted it', async () => {
    const { keychain, source } = startedAnew('remove');
    keychain.items.set(`token-vault, ${first}`, Buffer.alloc(32).toString('base64url'));
    await expect(source.remove(first)).rejects.toMatchObject({ code: 'key_unavailable' });
  });
});
