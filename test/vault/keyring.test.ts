import { describe, expect, it } from 'vitest';
import { deriveKey } from '../../src/crypto/derive.js';
import { frame } from '../../src/crypto/framing.js';
import { seal } from '../../src/crypto/sealed-box.js';
import { VaultError } from '../../src/domain/errors.js';
import type { MasterKeyRow, SealedColumn, VaultHead, WrappedKeyRow } from '../../src/stores/contract.js';
import { type Keyring, openKeyring } from '../../src/vault/keyring.js';
import { masterReference } from '../../src/vault/master-key.js';
import { createHead } from '../../src/vault/new-vault.js';

const COLUMNS = ['access_token', 'refresh_token', 'identity'] as const;
const vaultId = Buffer.alloc(16, 0xab);
const master = Buffer.alloc(32, 1);
const otherMaster = Buffer.alloc(32, 2);
const head = createHead(vaultId, 'file', master, 1_000);
const aad = Buffer.from('where it stands');
const plaintext = Buffer.from('plaintext-example');

function openHead(of: VaultHead, key: Uint8Array = master): Keyring {
  const [masterKey] = of.masterKeys as [MasterKeyRow];
  return openKeyring(of, masterKey, key, 'key file /example/master.key');
}

const openField = (keyring: Keyring, purpose: SealedColumn, sealed: Uint8Array, place = aad) =>
  keyring.open(purpose, sealed, place, 'google/alice');

/** The failure an action ends with. */
function failureOf(action: () => unknown): VaultError {
  try {
    action();
  } catch (failure) {
    if (failure instanceof VaultError) return failure;
    throw failure;
  }
  throw new Error('nothing failed');
}

const spoiled = (bytes: Uint8Array, at: number, mask = 1) =>
  Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ mask : byte)));

const withCheckValue = (checkValue: Uint8Array): VaultHead => ({
  ...head,
  masterKeys: head.masterKeys.map((row) => ({ ...row, checkValue })),
});

const withWrapped = (purpose: SealedColumn, change: (row: WrappedKeyRow) => WrappedKeyRow): VaultHead => ({
  ...head,
  wrappedKeys: head.wrappedKeys.map((row) => (row.purpose === purpose ? change(row) : row)),
});

describe('a new vault', () => {
  it('has one wrapped key for each purpose, under a reference with the id of the vault', () => {
    expect(head.wrappedKeys.map(({ purpose, dataKeyId }) => [dataKeyId, purpose])).toEqual([
      [1, 'access_token'],
      [2, 'refresh_token'],
      [3, 'identity'],
      [4, 'subject_digest'],
      [5, 'ledger'],
    ]);
    const reference = `${'ab'.repeat(16)}/master/1`;
    expect(masterReference(vaultId, 1)).toBe(reference);
    expect(head.masterKeys).toMatchObject([{ reference, source: 'file', createdAt: 1_000 }]);
    expect(new Set(head.wrappedKeys.map(({ masterReference: of }) => of))).toEqual(new Set([reference]));
  });

  it('never has the data keys of another one with the same master key', () => {
    const sealed = openHead(head).seal('identity', plaintext, aad);
    const other = createHead(vaultId, 'file', master, 1_000);
    expect(failureOf(() => openField(openHead(other), 'identity', sealed)).code).toBe('vault_damaged');
  });

  it('holds neither the master key nor a data key in the clear', () => {
    const written = Buffer.concat([
      ...head.wrappedKeys.map(({ wrapped }) => Buffer.from(wrapped)),
      ...head.masterKeys.map(({ checkValue }) => Buffer.from(checkValue)),
    ]);
    expect(written.includes(master.subarray(0, 8))).toBe(false);
    expect(written.length).toBe(5 * (32 + 32) + 16);
  });
});

describe('the keys of a vault', () => {
  it.each(COLUMNS)('open what the %s key sealed, and no key of another purpose does', (purpose) => {
    const keyring = openHead(head);
    const sealed = keyring.seal(purpose, plaintext, aad);
    expect(openField(openHead(head), purpose, sealed)).toEqual(plaintext);
    for (const other of COLUMNS.filter((each) => each !== purpose)) {
      expect(failureOf(() => openField(keyring, other, sealed)).code).toBe('vault_damaged');
      // Not even when the header claims that key.
      const renamed = spoiled(sealed, 3, (COLUMNS.indexOf(purpose) + 1) ^ (COLUMNS.indexOf(other) + 1));
      expect(failureOf(() => openField(keyring, other, renamed)).code).toBe('vault_damaged');
    }
  });

  it('seal with the newest key of a purpose; older ones still open', () => {
    const sealed = openHead(head).seal('access_token', plaintext, aad);
    const reference = masterReference(vaultId, 1);
    const encryptionKey = deriveKey(master, vaultId, 'token-vault/1/key encryption', 32);
    const place = frame(['token-vault/1', vaultId, 'keys', reference, 4, 'access_token']);
    const fourth: WrappedKeyRow = {
      dataKeyId: 4,
      purpose: 'access_token',
      masterReference: reference,
      wrapped: seal(encryptionKey, 0, Buffer.alloc(32, 4), place),
      createdAt: 2_000,
    };
    const keyring = openHead({ ...head, wrappedKeys: [...head.wrappedKeys, fourth] });
    const newer = keyring.seal('access_token', plaintext, aad);
    expect([sealed.readUInt16BE(2), newer.readUInt16BE(2)]).toEqual([1, 4]);
    expect(openField(keyring, 'access_token', sealed)).toEqual(plaintext);
    expect(openField(keyring, 'access_token', newer)).toEqual(plaintext);
    expect(failureOf(() => openField(openHead(head), 'access_token', newer)).code).toBe('vault_damaged');
  });

  it('digest the same identity alike, and another one, issuer or vault differently', () => {
    const keyring = openHead(head);
    const digest = digestOf(keyring, 'https://issuer.example', 'subject-example');
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(digestOf(openHead(head), 'https://issuer.example', 'subject-example')).toBe(digest);
    const others = [
      digestOf(keyring, 'https://issuer.example', 'subject-example-2'),
      digestOf(keyring, 'https://issuer.example.org', 'subject-example'),
      digestOf(keyring, 'https://issuer.examples', 'ubject-example'),
      digestOf(
        openHead(createHead(Buffer.alloc(16, 1), 'file', master, 1)),
        'https://issuer.example',
        'subject-example',
      ),
    ];
    expect(new Set([digest, ...others]).size).toBe(5);
  });

  it('are unusable once they are wiped', () => {
    const keyring = openHead(head);
    const sealed = keyring.seal('identity', plaintext, aad);
    keyring.wipe();
    expect(failureOf(() => openField(keyring, 'identity', sealed)).code).toBe('vault_damaged');
  });
});

describe('the cause of a failure is identified:', () => {
  it('a wrong master key, with the place it came from', () => {
    const failure = failureOf(() => openHead(head, otherMaster));
    expect(failure).toMatchObject({ code: 'key_wrong', exitCode: 6 });
    expect(failure.message).toContain('key file /example/master.key');
    expect(failure.hint).toContain('VAULT_KEY_FILE');
  });

  it('a damaged check value, because the key opens the rest', () => {
    const [{ checkValue }] = head.masterKeys as [MasterKeyRow];
    for (const bad of [spoiled(checkValue, 0), checkValue.subarray(0, 15), Buffer.alloc(0)]) {
      expect(failureOf(() => openHead(withCheckValue(bad))).code).toBe('vault_damaged');
    }
  });

  it('a damaged check value, even with two of three wrapped keys damaged', () => {
    const bad = withCheckValue(Buffer.alloc(16));
    const wrappedKeys = head.wrappedKeys.map((row) =>
      row.purpose === 'access_token' ? row : { ...row, wrapped: spoiled(row.wrapped, 30) },
    );
    expect(failureOf(() => openHead({ ...bad, wrappedKeys })).code).toBe('vault_damaged');
  });

  it('a key table whose rows name another master key', () => {
    const renamed = head.wrappedKeys.map((row) => ({ ...row, masterReference: 'elsewhere/master/1' }));
    expect(
      failureOf(() => openHead({ ...withCheckValue(Buffer.alloc(16)), wrappedKeys: renamed })).code,
    ).toBe('vault_damaged');
    const lost = { ...head, wrappedKeys: [] };
    expect(failureOf(() => openHead(lost).seal('identity', plaintext, aad)).code).toBe('vault_damaged');
  });

  it.each(COLUMNS)('a damaged wrapped %s key, when it is first needed', (purpose) => {
    const length = head.wrappedKeys[0]?.wrapped.length ?? 0;
    for (const at of [3, 4, 20, length - 1]) {
      const keyring = openHead(
        withWrapped(purpose, (row) => ({ ...row, wrapped: spoiled(row.wrapped, at) })),
      );
      const failure = failureOf(() => keyring.seal(purpose, plaintext, aad));
      expect(failure).toMatchObject({
        code: 'vault_damaged',
        exitCode: 9,
        hint: expect.stringMatching(/^vault restore FILE\n.*\nvault key import FILE$/m),
      });
    }
    const cut = openHead(withWrapped(purpose, (row) => ({ ...row, wrapped: row.wrapped.subarray(0, 40) })));
    expect(failureOf(() => cut.seal(purpose, plaintext, aad)).code).toBe('vault_damaged');
  });

  it('wrapped keys that were exchanged', () => {
    const [first, second, ...others] = head.wrappedKeys as [WrappedKeyRow, WrappedKeyRow, ...WrappedKeyRow[]];
    const swapped = [{ ...first, wrapped: second.wrapped }, { ...second, wrapped: first.wrapped }, ...others];
    const keyring = openHead({ ...head, wrappedKeys: swapped });
    expect(failureOf(() => keyring.seal('access_token', plaintext, aad)).code).toBe('vault_damaged');
  });

  it('a newer format is no damage, in a field and in a wrapped key', () => {
    const keyring = openHead(head);
    const sealed = keyring.seal('identity', plaintext, aad);
    const failure = failureOf(() => openField(keyring, 'identity', spoiled(sealed, 0, 3)));
    expect(failure).toMatchObject({
      code: 'vault_newer',
      hint: 'install a newer token-vault, or in your clone: git pull && npm install && npm run build',
    });
    const newer = openHead(
      withWrapped('identity', (row) => ({ ...row, wrapped: spoiled(row.wrapped, 1, 3) })),
    );
    expect(failureOf(() => newer.seal('identity', plaintext, aad)).code).toBe('vault_newer');
  });

  it('a field that does not open, with its account and a remedy', () => {
    const keyring = openHead(head);
    const failure = failureOf(() => openField(keyring, 'access_token', Buffer.alloc(0)));
    expect(failure.message).toContain('the sealed access token of google/alice');
    expect(failure.hint).toContain('vault revoke google/alice --local');
  });
});

function digestOf(keyring: Keyring, issuer: string, subject: string): string {
  return keyring.subjectDigests(issuer, subject)[0];
}
