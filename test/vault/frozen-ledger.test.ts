import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RowFacts, TrailEntry, VaultHead } from '../../src/stores/contract.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { openLedger } from '../../src/vault/ledger.js';
import { openMark, placeOf } from '../../src/vault/rollback.js';
import { rowDigest, sumsOf, totalsOf } from '../../src/vault/row-sums.js';
import { entryMac, type Trail } from '../../src/vault/trail.js';
import { describedLedger, hex, integer, type LedgerVectors, sumOf } from './described-format.js';

interface Vectors extends LedgerVectors {
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
    const { open, digest, mac } = describedLedger(vectors);
    const digests = rows.map(digest);
    expect(digests).toEqual(rows.map(({ digest }) => digest));

    const plain = open(sealed.sealed, 'ledger', 'sealed', ledger.epoch);
    const entries = ledger.places.map(([name, at]) => name + integer(at));
    const { key: trailKey, first, base, last, head: trailHead } = ledger.trail;
    const chain = trailKey + integer(first) + base + integer(last) + trailHead;
    expect(plain.toString('hex')).toBe(integer(rows.length) + sumOf(digests) + chain + entries.join(''));
    const codes = vectors.entries.map(({ seq, at, body, origin }, index) => {
      const before = hex(vectors.entries[index - 1]?.mac ?? base);
      return mac(hex(trailKey), vaultId, 'audit', seq, at, body, origin, before);
    });
    expect(codes).toEqual(vectors.entries.map(({ mac }) => mac));
    expect(open(hex(mark.sealed), 'mark', place).readBigUInt64BE()).toBe(BigInt(mark.epoch));
    expect(mac(vaultId, 'place', ...where).slice(0, 32)).toBe(place);
  });
});
