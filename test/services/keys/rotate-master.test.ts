import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import type { GivenKeySource, KeySource } from '../../../src/keysources/contract.js';
import { keyFileSource } from '../../../src/keysources/key-file.js';
import { addKey } from '../../../src/services/keys/add.js';
import { rotateKey } from '../../../src/services/keys/rotate-master.js';
import { keyStatus } from '../../../src/services/keys/status.js';
import { derivedSource } from '../../doubles/derived-source.js';
import { type KeyTest, keyTest } from './key-test.js';

let stage: KeyTest;
beforeEach(async () => {
  stage = await keyTest();
});
afterEach(() => stage.close());

describe('replacing the key in use', () => {
  it('leaves one key in the vault and one in its source, and the vault opens', async () => {
    const rotated = await rotateKey(stage.ctx, null);
    expect(rotated).toMatchObject({ old: 'the old key was deleted from the OS keychain', next: null });
    expect(await stage.masterKeys()).toEqual([['keychain', '2']]);
    expect(stage.inKeychain()).toEqual(['2']);
    expect(await stage.leftovers()).toEqual([]);
    expect(await stage.opens()).toBe(true);
    expect(stage.events).toEqual([
      {
        event: 'key_rotated',
        key_source: 'keychain',
        reference: rotated.key.reference,
        replaced: rotated.replaced,
      },
    ]);
  });

  it('does not disturb a process that has just read the key table', async () => {
    const { load } = stage.fromKeychain;
    let rotated = 0;
    stage.use({
      ...stage.fromKeychain,
      async load(reference) {
        if (rotated === 0) {
          rotated += 1;
          await rotateKey(stage.with({ current: async () => stage.fromKeychain }), null);
        }
        return load(reference);
      },
    });
    expect(await stage.opens()).toBe(true);
    expect(rotated).toBe(1);
  });

  it('keeps the path of the vault’s own one-key file', async () => {
    await addKey(stage.ctx, stage.fromFile);
    stage.use(stage.fromFile);
    const before = readFileSync(stage.keyFile, 'utf8');
    await rotateKey(stage.ctx, null);
    const after = readFileSync(stage.keyFile, 'utf8');
    expect(after).toMatch(/^[\w-]{43}\n$/);
    expect(after).not.toBe(before);
    expect(await stage.opens()).toBe(true);
  });

  it('keeps the first key of a file that may serve other vaults, and says so', async () => {
    const shared = keyFileSource(stage.keyFile, stage.files);
    await addKey(stage.ctx, shared);
    stage.use(shared);
    const before = readFileSync(stage.keyFile, 'utf8');
    expect((await rotateKey(stage.ctx, null)).old).toContain('other vaults may need it');
    await rotateKey(stage.ctx, null);
    expect(readFileSync(stage.keyFile, 'utf8')).toMatch(new RegExp(`^${before}\\S{43} \\w{32}/master/4\\n$`));
    expect(await stage.opens()).toBe(true);
  });

  it('asks for a new passphrase, after which the old one opens nothing', async () => {
    const typed = ['old', 'old', 'old'];
    const source = derivedSource(() => typed.shift() ?? 'new');
    await addKey(stage.ctx, source);
    stage.use(source);
    await rotateKey(stage.ctx, null);
    expect(await stage.opens()).toBe(true);
    typed.push('old');
    expect(await stage.opens()).toBe(false);
  });

  it('needs another key if the user has made the key in use', async () => {
    let key = Buffer.alloc(32, 1);
    const given: GivenKeySource = {
      kind: 'command',
      keys: 'given',
      setting: { kind: 'command', command: ['print-key'], timeout: null },
      place: 'command print-key',
      path: null,
      recipe: 'make-key',
      load: async () => Buffer.from(key),
    };
    await addKey(stage.ctx, given);
    stage.use(given);
    await expect(rotateKey(stage.ctx, null)).rejects.toMatchObject({ code: 'usage' });
    stage.use(stage.fromKeychain);
    await expect(rotateKey(stage.ctx, given)).rejects.toThrow(/still returns the old key/);
    key = Buffer.alloc(32, 2);
    await rotateKey(stage.ctx, given);
    expect(await stage.masterKeys()).toEqual([
      ['keychain', '1'],
      ['command', '3'],
    ]);
    stage.use(given);
    expect(await stage.opens()).toBe(true);
  });
});

describe('a source that fails during a rotation', () => {
  const steps = ['create', 'read back', 'drop'] as const;

  function failingAt(step: (typeof steps)[number]): KeySource {
    const locked = new VaultError('key_locked', 'the OS keychain is locked', { hint: 'unlock it' });
    const source = stage.fromKeychain;
    return {
      ...source,
      createBeside: (reference, key) =>
        step === 'create' ? Promise.reject(locked) : source.createBeside(reference, key),
      drop: (dropped, kept) => (step === 'drop' ? Promise.reject(locked) : source.drop(dropped, kept)),
    };
  }

  it.each(steps)('at the step: %s leaves a vault that opens, and the next run cleans up', async (step) => {
    const locked = async () => Promise.reject(new VaultError('key_locked', 'locked', { hint: 'unlock it' }));
    const source = failingAt(step);
    const readBack = step === 'read back' ? locked : stage.ctx.keys.readBack;
    const ctx = stage.with({ current: async () => source, readBack });
    const attempt = rotateKey(ctx, null);
    if (step === 'drop') expect((await attempt).old).toContain('the next vault key rotate deletes it');
    else await expect(attempt).rejects.toMatchObject({ code: 'key_locked' });
    expect(await stage.opens()).toBe(true);
    await rotateKey(stage.ctx, null);
    expect(stage.inKeychain()).toHaveLength(1);
    expect(await stage.leftovers()).toEqual([]);
    expect(await stage.opens()).toBe(true);
  });

  it('is reported by key status until it is cleaned up', async () => {
    await rotateKey(stage.with({ current: async () => failingAt('drop') }), null);
    expect((await keyStatus(stage.ctx)).unfinished).toMatchObject([{ source: 'keychain' }]);
    await rotateKey(stage.ctx, null);
    const status = await keyStatus(stage.ctx);
    expect(status.unfinished).toEqual([]);
    expect(status.dataKeys.map(({ purpose }) => purpose)).toContain('refresh_token');
  });

  it('never loses a key that another copy of the vault has stored there', async () => {
    const { vaultId } = await (await stage.store()).head();
    const theirs = `token-vault, ${Buffer.from(vaultId).toString('hex')}/master/2`;
    stage.keychain.items.set(theirs, Buffer.alloc(32, 5).toString('base64url'));
    await rotateKey(stage.ctx, null);
    expect(stage.inKeychain()).toEqual(['2', '3']);
    expect(stage.keychain.items.get(theirs)).toBe(Buffer.alloc(32, 5).toString('base64url'));
  });

  it('does not change a key file with other content', async () => {
    await addKey(stage.ctx, stage.fromFile);
    const text = `${readFileSync(stage.keyFile, 'utf8')}and a note of mine\n`;
    writeFileSync(stage.keyFile, text);
    await expect(rotateKey(stage.ctx, stage.fromFile)).rejects.toMatchObject({ code: 'key_wrong' });
    expect(readFileSync(stage.keyFile, 'utf8')).toBe(text);
  });

  it('refuses a new passphrase that equals the old one', async () => {
    const passphrase = derivedSource(() => 'the same');
    await addKey(stage.ctx, passphrase);
    await expect(rotateKey(stage.ctx, passphrase)).rejects.toMatchObject({ code: 'usage' });
    expect(await stage.masterKeys()).toEqual([
      ['keychain', '1'],
      ['passphrase', '2'],
    ]);
  });

  it('makes no key in a file that does not contain the old one', async () => {
    await addKey(stage.ctx, keyFileSource(`${stage.keyFile}.elsewhere`, stage.files));
    await expect(rotateKey(stage.ctx, stage.fromFile)).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('VAULT_KEY_FILE=FILE vault key rotate file'),
    });
    expect(existsSync(stage.keyFile)).toBe(false);
    expect(await stage.leftovers()).toEqual([]);
  });
});
