import { createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DataKeyPurpose, SealedAccount, SealedColumn, VaultHead } from '../../src/stores/contract.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { openContents } from '../../src/vault/sealed-account.js';
import { additionalData, presence } from '../../src/vault/sealed-field.js';
import { accountExample } from '../doubles/account.js';

interface Vectors {
  readonly master_key: string;
  readonly vault_id: string;
  readonly created_at: number;
  readonly master_keys: readonly {
    reference: string;
    source: string;
    createdAt: number;
    checkValue: string;
  }[];
  readonly wrapped_keys: readonly {
    dataKeyId: number;
    purpose: DataKeyPurpose;
    masterReference: string;
    createdAt: number;
    wrapped: string;
  }[];
  readonly accounts: readonly {
    readonly account: Partial<SealedAccount>;
    readonly contents: {
      accessToken: string;
      refreshToken: string | null;
      identity: Record<string, unknown>;
    };
    readonly aad: Readonly<Record<SealedColumn, string>>;
    readonly sealed: { access_token: string; refresh_token: string | null; identity: string };
  }[];
}

const PURPOSES = ['access_token', 'refresh_token', 'identity'] as const;
const hex = (text: string) => Buffer.from(text, 'hex');
const file = new URL('../vectors/sealed-format-1.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const vaultId = hex(vectors.vault_id);
const master = hex(vectors.master_key);

const head: VaultHead = {
  vaultId,
  createdAt: vectors.created_at,
  masterKeys: vectors.master_keys.map((row) => ({
    ...row,
    parameters: null,
    checkValue: hex(row.checkValue),
  })),
  wrappedKeys: vectors.wrapped_keys.map((row) => ({ ...row, wrapped: hex(row.wrapped) })),
};

function keyringOf(vault: VaultHead) {
  const [masterKey] = vault.masterKeys;
  if (masterKey === undefined) throw new Error('the vectors hold a master key');
  return openKeyring(vault, masterKey, master);
}

function sealedAccount({ account, sealed }: Vectors['accounts'][number]): SealedAccount {
  return {
    ...accountExample(account),
    sealed: {
      accessToken: hex(sealed.access_token),
      refreshToken: sealed.refresh_token === null ? null : hex(sealed.refresh_token),
      identity: hex(sealed.identity),
      idToken: null,
    },
  };
}

describe('the sealed format, version 1', () => {
  const keyring = keyringOf(head);

  it.each(vectors.accounts)('opens the account $account.label', (vector) => {
    const { accessToken, refreshToken, identity } = openContents(keyring, sealedAccount(vector));
    expect({
      accessToken: accessToken?.reveal(),
      refreshToken: refreshToken?.reveal() ?? null,
      identity,
    }).toEqual(vector.contents);
  });

  it.each(vectors.accounts)('binds the account $account.label to the same bytes', (vector) => {
    const { aad } = vector;
    const account = sealedAccount(vector);
    const again = PURPOSES.map((column) => [
      column,
      additionalData(vaultId, column, account, presence(account.sealed)).toString('hex'),
    ]);
    expect(Object.fromEntries(again)).toEqual(aad);
  });

  it('makes the same digest of an identity', () => {
    const digests = vectors.accounts.map(({ account, contents }) =>
      keyring.subjectDigests(String(account.issuer), String(contents.identity['subject'])),
    );
    expect(digests).toEqual(vectors.accounts.map(({ account }) => [account.subjectDigest]));
  });

  it('matches its description, read here without the vault’s code', () => {
    const derive = (use: string) =>
      Buffer.from(hkdfSync('sha256', master, vaultId, `token-vault/1/${use}`, 32));
    const text = (value: string) => {
      const bytes = Buffer.from(value);
      return Buffer.concat([Buffer.from([1, 0, 0, 0, bytes.length]), bytes]);
    };
    const id = Buffer.concat([Buffer.from([3, 0, 0, 0, 16]), vaultId]);
    const open = (key: Buffer, sealed: Buffer, aad: Buffer) => {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(4, 16), { authTagLength: 16 });
      decipher.setAAD(Buffer.concat([sealed.subarray(0, 4), aad])).setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(16, -16)), decipher.final()]);
    };

    const [{ reference, checkValue }] = vectors.master_keys as [Vectors['master_keys'][number]];
    const check = createHmac('sha256', derive('key check'))
      .update(Buffer.concat([id, text(reference)]))
      .digest();
    expect(check.subarray(0, 16).toString('hex')).toBe(checkValue);

    for (const [index, { purpose, wrapped, dataKeyId }] of vectors.wrapped_keys.entries()) {
      const number = Buffer.concat([Buffer.from([2, 0, 0, 0, 8]), Buffer.alloc(7), Buffer.from([dataKeyId])]);
      const place = [text('token-vault/1'), id, text('keys'), text(reference), number, text(purpose)];
      const dataKey = open(derive('key encryption'), hex(wrapped), Buffer.concat(place));
      expect([dataKeyId, dataKey.length]).toEqual([index + 1, 32]);
      if (purpose === 'subject_digest' || purpose === 'ledger') continue;
      const [{ sealed, aad, contents }] = vectors.accounts as [Vectors['accounts'][number]];
      const field = hex(sealed[purpose] ?? '');
      expect(field.readUInt16BE(2)).toBe(dataKeyId);
      const plain = { access_token: contents.accessToken, refresh_token: contents.refreshToken };
      const expected = purpose === 'identity' ? JSON.stringify(contents.identity) : plain[purpose];
      expect(open(dataKey, field, hex(aad[purpose])).toString('utf8')).toBe(expected);
    }
  });

  describe('refuses to open a field when', () => {
    const [vector] = vectors.accounts as [Vectors['accounts'][number]];
    const account = sealedAccount(vector);
    const changes: readonly Partial<SealedAccount>[] = [
      { id: '00000000-0000-4000-8000-000000000009' },
      { provider: 'youtube' },
      { label: 'zoe@example.com' },
      { issuer: 'https://accounts.example.org' },
      { tokenEndpoint: 'https://accounts.example.com/token/' },
      { clientId: 'client-example-2' },
      { subjectDigest: '00'.repeat(32) },
      { generation: 8 },
      { tokenType: 'bearer' },
      { issuedAt: account.issuedAt + 1 },
      { expiresAt: (account.expiresAt ?? 0) + 1 },
      { expiresAt: null },
      { grantExpiresAt: (account.grantExpiresAt ?? 0) + 1 },
      { grantExpiresAt: null },
      { sealed: { ...account.sealed, accessToken: null } },
      { sealed: { ...account.sealed, refreshToken: null } },
      { grantedScopes: ['openid'] },
      { grantedScopes: [...account.grantedScopes].reverse() },
    ];

    it.each(changes)('%j was written into its row', (change) => {
      const moved = { ...account, ...change };
      const { sealed } = account;
      for (const column of PURPOSES) {
        const field = {
          access_token: sealed.accessToken,
          refresh_token: sealed.refreshToken,
          identity: sealed.identity,
        }[column];
        const openWith = (row: SealedAccount) =>
          keyring.open(
            column,
            field ?? Buffer.alloc(0),
            additionalData(vaultId, column, row, presence(row.sealed)),
            'it',
          );
        expect(openWith(account).length).toBeGreaterThan(0);
        expect(() => openWith(moved)).toThrow(expect.objectContaining({ code: 'vault_damaged' }));
      }
    });

    it('it was moved to another column, even if one key sealed both', () => {
      const { accessToken } = account.sealed;
      for (const column of ['refresh_token', 'identity'] as const) {
        const opening = () =>
          keyring.open(
            'access_token',
            accessToken ?? Buffer.alloc(0),
            additionalData(vaultId, column, account, presence(account.sealed)),
            'it',
          );
        expect(opening).toThrow(expect.objectContaining({ code: 'vault_damaged' }));
      }
    });

    it('the vault has another id: then the key table does not match either', () => {
      const other = Buffer.from(vaultId);
      other.writeUInt8(other.readUInt8(0) ^ 1, 0);
      const opening = () =>
        keyring.open(
          'identity',
          account.sealed.identity,
          additionalData(other, 'identity', account, presence(account.sealed)),
          'it',
        );
      expect(opening).toThrow(expect.objectContaining({ code: 'vault_damaged' }));
      expect(() => keyringOf({ ...head, vaultId: other })).toThrow(
        expect.objectContaining({ code: 'vault_damaged' }),
      );
    });
  });
});
