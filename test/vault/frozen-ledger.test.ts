import { createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RowFacts, TrailEntry, VaultHead } from '../../src/stores/contract.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { openLedger } from '../../src/vault/ledger.js';
import { openMark, placeOf } from '../../src/vault/rollback.js';
import { rowDigest, sumsOf, totalsOf } from '../../src/vault/row-sums.js';
import { entryMac, type Trail } from '../../src/vault/trail.js';

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
  readonly rows: readonly (RowFacts & { readonly digest: string })[];
  readonly where: readonly string[];
  readonly place: string;
  readonly ledger: {
    epoch: number;
    rows: number;
    sum: string;
    places: readonly [string, number][];
    trail: { key: string; first: number; base: string; last: number; head: string };
    sealed: string;
  };
  readonly entries: readonly (Omit<TrailEntry, 'mac'> & { readonly mac: string })[];
  readonly mark: { readonly epoch: number; readonly sealed: string };
}

const hex = (text: string) => Buffer.from(text, 'hex');
const file = new URL('../vectors/ledger-format-1.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const { rows, where, place, ledger, mark, wrapped_key: wrapped } = vectors;
const vaultId = hex(vectors.vault_id);
const master = hex(vectors.master_key);
const masterKey = {
  ...vectors.master_key_row,
  parameters: null,
  checkValue: hex(vectors.master_key_row.checkValue),
};
const head: VaultHead = {
  vaultId,
  createdAt: vectors.created_at,
  masterKeys: [masterKey],
  wrappedKeys: [{ ...wrapped, wrapped: hex(wrapped.wrapped) }],
};
const trail: Trail = {
  ...ledger.trail,
  key: hex(ledger.trail.key),
  base: hex(ledger.trail.base),
  head: hex(ledger.trail.head),
};
const sealed = { epoch: ledger.epoch, sealed: hex(ledger.sealed) };

describe('the format of the ledger, version 1', () => {
  const keyring = openKeyring(head, masterKey, master);

  it('makes the same digests of rows, and the same sum', () => {
    const digests = rows.map((row) => rowDigest(keyring, row).toString(16).padStart(64, '0'));
    expect(digests).toEqual(rows.map(({ digest }) => digest));
    expect(totalsOf(sumsOf(keyring, rows)).sum).toBe(BigInt(`0x${ledger.sum}`));
  });

  it('opens the ledger and the mark, and names the place in the same way', () => {
    const expected = {
      sums: sumsOf(keyring, rows, 1),
      places: new Map(ledger.places),
      trail,
      sealedBefore: 0,
    };
    expect(openLedger(keyring, sealed)).toEqual(expected);
    expect(totalsOf(expected.sums)).toEqual({ rows: ledger.rows, sum: BigInt(`0x${ledger.sum}`) });
    expect(placeOf(vaultId, where)).toBe(place);
    expect(openMark(keyring, place, hex(mark.sealed))).toEqual({ epoch: mark.epoch, birth: null });
  });

  it('chains the same entries', () => {
    let before = Buffer.from(trail.base);
    for (const { mac, ...entry } of vectors.entries) {
      before = Buffer.from(entryMac(vaultId, trail.key, entry, before));
      expect(before.toString('hex')).toBe(mac);
    }
    expect(before).toEqual(trail.head);
  });

  it('opens none of them in another vault or place', () => {
    const other = ledger.places.find(([name]) => name !== place)?.[0] ?? '';
    expect(openMark(keyring, other, hex(mark.sealed))).toBeNull();
    expect(openMark(keyring, place, hex(ledger.sealed))).toBeNull();
    const damaged = expect.objectContaining({ code: 'vault_damaged' });
    expect(() => openLedger(keyring, { ...sealed, epoch: 13 })).toThrow(damaged);
    expect(() => openLedger(keyring, { ...sealed, sealed: hex(mark.sealed) })).toThrow(damaged);
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
    const sum = digests.reduce((total, digest) => (total + BigInt(`0x${digest}`)) % 2n ** 256n, 0n);

    const plain = open(key, sealed.sealed, frame(format, vaultId, 'ledger', 'sealed', ledger.epoch));
    const entries = ledger.places.map(([name, at]) => name + at.toString(16).padStart(16, '0'));
    const count = rows.length.toString(16).padStart(16, '0');
    const integer = (value: number) => value.toString(16).padStart(16, '0');
    const { key: trailKey, first, base, last, head: trailHead } = ledger.trail;
    const chain = trailKey + integer(first) + base + integer(last) + trailHead;
    expect(plain.toString('hex')).toBe(count + sum.toString(16).padStart(64, '0') + chain + entries.join(''));
    const codes = vectors.entries.map(({ seq, at, body, origin }, index) => {
      const before = hex(vectors.entries[index - 1]?.mac ?? base);
      const said = frame(format, vaultId, 'audit', seq, at, body, origin, before);
      return createHmac('sha256', hex(trailKey)).update(said).digest('hex');
    });
    expect(codes).toEqual(vectors.entries.map(({ mac }) => mac));
    expect(open(key, hex(mark.sealed), frame(format, vaultId, 'mark', place)).readBigUInt64BE()).toBe(
      BigInt(mark.epoch),
    );
    const named = createHmac('sha256', vaultId).update(frame(format, 'place', ...where));
    expect(named.digest('hex').slice(0, 32)).toBe(place);
  });
});
