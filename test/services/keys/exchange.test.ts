import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeySources } from '../../../src/access/key-sources-rest.js';
import { VaultError } from '../../../src/domain/errors.js';
import type { StoringKeySource } from '../../../src/keysources/contract.js';
import { addKey } from '../../../src/services/keys/add.js';
import { rotateKey } from '../../../src/services/keys/rotate-master.js';
import type { Store } from '../../../src/stores/contract.js';
import { type KeyTest, keyTest } from './key-test.js';

let stage: KeyTest;
beforeEach(async () => {
  stage = await keyTest();
});
afterEach(() => stage.close());

const failing = (code: 'key_locked' | 'vault_not_writable' | 'session_bus_missing') => () =>
  Promise.reject(new VaultError(code, 'failing here'));
const inVault = async () => (await stage.masterKeys()).map(([, version]) => version);

const readBack = failing('key_locked');

/** Replaces the key in use, with a source that does one thing in its own way. */
function rotate(
  source: Partial<StoringKeySource> = {},
  over: Partial<KeySources> = {},
  store: Partial<Store> = {},
) {
  const { access } = stage.withStore(store);
  const current = async () => ({ ...stage.fromKeychain, ...source });
  return rotateKey(stage.with({ current, ...over }, { access }), null);
}

describe('a new key', () => {
  it('is recorded in the vault before it is in the source', async () => {
    const seen: (readonly string[])[] = [];
    await rotate({
      async createBeside(reference, key) {
        seen.push(await stage.leftovers());
        await stage.fromKeychain.createBeside(reference, key);
      },
    });
    expect(seen).toEqual([['2']]);
    expect(await stage.leftovers()).toEqual([]);
  });

  it('is removed from source and record if it cannot be read back', async () => {
    await expect(rotate({}, { readBack })).rejects.toMatchObject({ code: 'key_locked' });
    expect([stage.inKeychain(), await stage.leftovers(), await inVault()]).toEqual([['1'], [], ['1']]);
  });

  it('is removed from the source if it does not come into the vault', async () => {
    const full = { exchangeMasterKey: failing('vault_not_writable') };
    await expect(rotate({}, {}, full)).rejects.toMatchObject({ code: 'vault_not_writable' });
    expect([stage.inKeychain(), await stage.leftovers(), await inVault()]).toEqual([['1'], [], ['1']]);
  });

  it('is kept if a commit that was reported as failed is on disk', async () => {
    const real = await stage.store();
    const lying: Partial<Store> = {
      async exchangeMasterKey(...given) {
        await real.exchangeMasterKey(...given);
        return failing('vault_not_writable')();
      },
    };
    await expect(rotate({}, {}, lying)).rejects.toMatchObject({ code: 'vault_not_writable' });
    expect(await inVault()).toEqual(['2']);
    expect(stage.inKeychain()).toContain('2');
    expect(await stage.opens()).toBe(true);
  });

  it.each([
    ['stays where it is', true],
    ['is taken out of the source again', false],
  ])('that is one more %s if its commit was said to fail; on disk: %s', async (_, committed) => {
    const real = await stage.store();
    const addMasterKey: Store['addMasterKey'] = async (...given) => {
      if (committed) await real.addMasterKey(...given);
      return failing('vault_not_writable')();
    };
    const adding = addKey(stage.withStore({ addMasterKey }), stage.fromFile);
    await expect(adding).rejects.toMatchObject({ code: 'vault_not_writable' });
    expect(await inVault()).toEqual(committed ? ['1', '2'] : ['1']);
    expect(existsSync(stage.keyFile)).toBe(committed);
  });

  it('stays recorded if it cannot be removed again', async () => {
    const odd = { drop: failing('key_locked') };
    await expect(rotate(odd, { readBack })).rejects.toMatchObject({ code: 'key_locked' });
    expect([stage.inKeychain(), await stage.leftovers()]).toEqual([['1', '2'], ['2']]);
  });

  it('leaves no record if the source cannot have stored anything', async () => {
    await expect(rotate({ createBeside: failing('session_bus_missing') })).rejects.toMatchObject({
      code: 'session_bus_missing',
    });
    expect(await stage.leftovers()).toEqual([]);
    await expect(rotate({ createBeside: failing('key_locked') })).rejects.toMatchObject({
      code: 'key_locked',
    });
    expect(await stage.leftovers()).toEqual(['2']);
  });
});
