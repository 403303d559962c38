import { createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RowFacts, VaultHead } from '../../src/stores/contract.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { openLedger } from '../../src/vault/ledger.js';
import { sumsOf } from '../../src/vault/row-sums.js';

interface Vectors {
  readonly master_key: string;
  readonly vault_id: string;
  readonly created_at: number;
  readonly master_key_row: { reference: string; source: string; createdAt: number; checkValue: string };
  readonly wrapped_key: {
    dataKeyId: number;
    purpose: 'ledger';
    masterReference: string;
    createdAt: number;
    wrapped: string;
  };
  readonly rows: readonly (RowFacts & { readonly part: number; readonly digest: string })[];
  readonly ledger: {
    epoch: number;
    places: readonly [string, number][];
    trail: { key: string; first: number; base: string; last: number; head: string };
    sealed_before: number;
    sealed: string;
  };
}

const hex = (text: string) => Buffer.from(text, 'hex');
const file = new URL('../vectors/ledger-format-2.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const { rows, ledger, wrapped_key: wrapped } = vectors;
const vaultId = hex(vectors.vault_id);
const master = hex(vectors.master_key);

describe('the format of the ledger, version 2', () => {
  it('opens, and contains the sums of its rows', () => {
    const checkValue = hex(vectors.master_key_row.checkValue);
    const masterKey = { ...vectors.master_key_row, parameters: null, checkValue };
    const wrappedKeys = [{ ...wrapped, wrapped: hex(wrapped.wrapped) }];
    const head: VaultHead = { vaultId, createdAt: vectors.created_at, masterKeys: [masterKey], wrappedKeys };
    const keyring = openKeyring(head, masterKey, master);
    const { key, base, head: last } = ledger.trail;
    expect(openLedger(keyring, { epoch: ledger.epoch, sealed: hex(ledger.sealed) })).toEqual({
      sums: sumsOf(keyring, rows),
      places: new Map(ledger.places),
      trail: { ...ledger.trail, key: hex(key), base: hex(base), head: hex(last) },
      sealedBefore: ledger.sealed_before,
    });
  });

  it('matches its description, read here without the vault’s code', () => {
    const frame = (...values: readonly (string | number | Buffer)[]) =>
      Buffer.concat(
        values.flatMap((value) => {
          const number = Buffer.alloc(8);
          if (typeof value === 'number') number.writeBigInt64BE(BigInt(value));
          const bytes =
            typeof value === 'string' ? Buffer.from(value) : typeof value === 'number' ? number : value;
          const header = Buffer.alloc(5);
          header.writeUInt8(typeof value === 'string' ? 1 : typeof value === 'number' ? 2 : 3);
          header.writeUInt32BE(bytes.length, 1);
          return [header, bytes];
        }),
      );
    const derive = (secret: Buffer, use: string) =>
      Buffer.from(hkdfSync('sha256', secret, vaultId, `token-vault/1/${use}`, 32));
    const open = (key: Buffer, box: Buffer, aad: Buffer) => {
      const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(4, 16), { authTagLength: 16 });
      decipher.setAAD(Buffer.concat([box.subarray(0, 4), aad])).setAuthTag(box.subarray(-16));
      return Buffer.concat([decipher.update(box.subarray(16, -16)), decipher.final()]);
    };
    const format = 'token-vault/1';
    const wrapping = frame(format, vaultId, 'keys', wrapped.masterReference, wrapped.dataKeyId, 'ledger');
    const key = open(derive(master, 'key encryption'), hex(wrapped.wrapped), wrapping);
    const digests = rows.map(({ id, provider, label, generation }) =>
      createHmac('sha256', derive(key, 'row digest'))
        .update(frame(format, vaultId, 'accounts', id, provider, label, generation))
        .digest('hex'),
    );
    expect(digests).toEqual(rows.map(({ digest }) => digest));
    expect(rows.map(({ id }) => Number.parseInt(id.slice(0, 2), 16))).toEqual(rows.map(({ part }) => part));

    const integer = (value: number, digits = 16) => value.toString(16).padStart(digits, '0');
    const parts = [...new Set(rows.map(({ part }) => part))].map((part) => {
      const own = digests.filter((_, index) => rows[index]?.part === part);
      const sum = own.reduce((total, digest) => (total + BigInt(`0x${digest}`)) % 2n ** 256n, 0n);
      return integer(part, 2) + integer(own.length) + sum.toString(16).padStart(64, '0');
    });
    const places = ledger.places.map(([name, at]) => name + integer(at));
    const { key: trailKey, first, base, last, head } = ledger.trail;
    const trail = trailKey + integer(first) + base + integer(last) + head;
    const sealed = hex(ledger.sealed);
    expect(sealed.subarray(0, 2)).toEqual(Buffer.of(2, 1));
    const plain = open(key, sealed, frame(format, vaultId, 'ledger', 'sealed', ledger.epoch));
    expect(plain.toString('hex')).toBe(
      [trail, integer(ledger.sealed_before), integer(places.length, 2), ...places, ...parts].join(''),
    );
  });
});
