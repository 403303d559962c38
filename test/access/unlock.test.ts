import { describe, expect, it } from 'vitest';
import { unlock } from '../../src/access/unlock.js';
import { VaultError } from '../../src/domain/errors.js';
import type { KeySource } from '../../src/keysources/contract.js';
import type { VaultHead } from '../../src/stores/contract.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { keyCheckValue, masterReference } from '../../src/vault/master-key.js';
import { createHead } from '../../src/vault/new-vault.js';

const vaultId = Buffer.alloc(16, 0x5a);
const first = Buffer.alloc(32, 1);
const second = Buffer.alloc(32, 2);

/** A vault with a key of the given kind, and one more of another kind or of the same. */
function headWith(kind: string, other: string | null = null): VaultHead {
  const head = createHead(vaultId, kind, first, 1_000);
  const [row] = head.masterKeys;
  if (other === null || row === undefined) return head;
  const reference = masterReference(vaultId, 2);
  const more = openKeyring(head, row, first).wrapFor(reference, second);
  const checkValue = keyCheckValue(vaultId, reference, second);
  return {
    ...head,
    masterKeys: [
      ...head.masterKeys,
      { reference, source: other, parameters: null, checkValue, createdAt: 2_000 },
    ],
    wrappedKeys: [...head.wrappedKeys, ...more],
  };
}

function source(kind: KeySource['kind'], load: KeySource['load']): KeySource {
  const setting = kind === 'file' ? ({ kind, path: null } as const) : ({ kind: 'keychain' } as const);
  const recipe = 'printf example';
  return { kind, keys: 'given', setting, place: `place of the ${kind}`, path: null, recipe, load };
}

const giving = (key: Buffer) => async () => Buffer.from(key);
const failing = (code: 'key_unavailable' | 'key_locked' | 'vault_permissions') => () =>
  Promise.reject(new VaultError(code, 'as it is', { hint: 'the usual step' }));

describe('opening the key table', () => {
  it('uses the row of the configured kind of source, and its reference', async () => {
    const asked: string[] = [];
    const recording = source('file', async (reference) => {
      asked.push(reference);
      return Buffer.from(second);
    });
    const { row, master } = await unlock(headWith('keychain', 'file'), recording, '/vault.db');
    expect(asked).toEqual([masterReference(vaultId, 2)]);
    expect(row.source).toBe('file');
    expect(master).toEqual(second);
  });

  it('is refused for a source in which the vault has no key, without reading it', async () => {
    const never = source('file', () => Promise.reject(new Error('must not be looked at')));
    await expect(unlock(headWith('keychain', 'passphrase'), never, '/vault.db')).rejects.toMatchObject({
      code: 'key_missing',
      message: expect.stringContaining('its keys are in: keychain, passphrase'),
      hint: 'vault key use keychain\nvault key use passphrase\nif VAULT_KEY_FILE is set, unset it first',
    });
  });

  it('never tries another source, but names those that the vault has', async () => {
    const locked = source('keychain', failing('key_locked'));
    await expect(unlock(headWith('keychain', 'file'), locked, '/vault.db')).rejects.toMatchObject({
      code: 'key_locked',
      hint: 'the usual step\nor use another key of this vault: vault key use file',
    });
    await expect(unlock(headWith('keychain', 'command'), locked, '/vault.db')).rejects.toMatchObject({
      hint: 'the usual step\nor use another key of this vault: vault key use command -- PROGRAM',
    });
    await expect(unlock(headWith('keychain'), locked, '/vault.db')).rejects.toMatchObject({
      hint: expect.stringMatching(/^the usual step\n.*: vault key add file\n.*: vault key use file$/),
    });
    const variable = source('file', failing('key_unavailable'));
    await expect(unlock(headWith('keychain', 'file'), variable, '/vault.db')).rejects.toMatchObject({
      hint: expect.stringMatching(/unset it first\n.*: vault key use keychain$/),
    });
    const open = source('keychain', failing('vault_permissions'));
    await expect(unlock(headWith('keychain', 'file'), open, '/vault.db')).rejects.toMatchObject({
      hint: 'the usual step',
    });
  });

  it('finds the right row while a key is being replaced, with either key', async () => {
    const head = headWith('file', 'file');
    const newer = await unlock(head, source('file', giving(second)), '/vault.db');
    const older = await unlock(head, source('file', giving(first)), '/vault.db');
    expect([newer.row.reference, older.row.reference]).toEqual(
      [2, 1].map((n) => masterReference(vaultId, n)),
    );
    const neither = unlock(head, source('file', giving(Buffer.alloc(32, 9))), '/vault.db');
    await expect(neither).rejects.toMatchObject({ code: 'key_wrong' });
  });

  it('wipes a key of another vault, with the hint of its source', async () => {
    const key = Buffer.alloc(32, 9);
    const wrong = { ...source('file', async () => key), ifWrong: 'type it again' };
    await expect(unlock(headWith('file'), wrong, '/vault.db')).rejects.toMatchObject({
      code: 'key_wrong',
      message: expect.stringContaining('place of the file'),
      hint: 'type it again\nor, with a recovery file: vault key import FILE',
    });
    expect(key.every((byte) => byte === 0)).toBe(true);
  });

  it('reports a table without a master key as damage', async () => {
    const empty = { ...headWith('file'), masterKeys: [] };
    const never = source('file', () => Promise.reject(new Error('must not be looked at')));
    await expect(unlock(empty, never, '/vault.db')).rejects.toMatchObject({
      code: 'vault_damaged',
      hint: expect.stringMatching(/^vault restore FILE$/m),
    });
  });
});
