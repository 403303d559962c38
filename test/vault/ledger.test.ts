import { describe, expect, it } from 'vitest';
import type { MasterKeyRow, RowFacts } from '../../src/stores/contract.js';
import { openKeyring } from '../../src/vault/keyring.js';
import {
  changed,
  type Ledger,
  ledgerOf,
  openLedger,
  rowDigest,
  sealLedger,
  withPlace,
} from '../../src/vault/ledger.js';
import { createHead } from '../../src/vault/new-vault.js';
import { seededNumbers } from '../harness/random.js';

const master = Buffer.alloc(32, 3);

function keyringOf(vaultId: number) {
  const head = createHead(Buffer.alloc(16, vaultId), 'file', master, 1);
  const [masterKey] = head.masterKeys as readonly [MasterKeyRow];
  return openKeyring(head, masterKey, master);
}

const keyring = keyringOf(1);
const row = (n: number, given: Partial<RowFacts> = {}): RowFacts => ({
  id: `id-${n}`,
  provider: 'google',
  label: `person-${n}`,
  generation: 1,
  ...given,
});
const empty = ledgerOf(keyring, [], new Map());
const place = 'ab'.repeat(16);

describe('the digest of a row', () => {
  it.each([{ id: 'id-2' }, { provider: 'youtube' }, { label: 'person-2' }, { generation: 2 }])(
    'is another one for %j',
    (change) => {
      expect(rowDigest(keyring, row(1, change))).not.toBe(rowDigest(keyring, row(1)));
    },
  );

  it('is another one in every vault, and cannot be made by moving text between the columns', () => {
    expect(rowDigest(keyringOf(2), row(1))).not.toBe(rowDigest(keyring, row(1)));
    const [left, right] = [row(1, { provider: 'ab', label: 'c' }), row(1, { provider: 'a', label: 'bc' })];
    expect(rowDigest(keyring, left)).not.toBe(rowDigest(keyring, right));
  });
});

describe('the ledger', () => {
  it('kept up change by change is the one that adding all rows up gives, in whatever order they came', () => {
    const between = seededNumbers(20_261_121);
    const rows = new Map<string, RowFacts>();
    let ledger: Ledger = empty;
    for (let change = 0; change < 400; change += 1) {
      const { id, ...facts } = row(between(1, 30));
      const before = rows.get(id) ?? null;
      const gone = before !== null && between(1, 3) === 1;
      const after = gone ? null : { id, ...facts, generation: (before?.generation ?? 0) + 1 };
      if (after === null) rows.delete(id);
      else rows.set(id, after);
      ledger = changed(keyring, ledger, { before, after });
    }
    expect(rows.size).toBeGreaterThan(5);
    expect(ledger).toEqual(ledgerOf(keyring, [...rows.values()], new Map()));
    expect(ledger).toEqual(ledgerOf(keyring, [...rows.values()].reverse(), new Map()));
  });

  it('is back at nothing when every row was taken out', () => {
    const one = changed(keyring, empty, { before: null, after: row(1) });
    expect(changed(keyring, one, { before: row(1), after: null })).toEqual(empty);
  });

  it('is sealed: it opens as it was, and says nothing without the key', () => {
    const ledger = withPlace(ledgerOf(keyring, [row(1), row(2)], new Map()), place, 7);
    const sealed = sealLedger(keyring, 7, ledger);
    expect(openLedger(keyring, sealed)).toEqual(ledger);
    const digest = Buffer.from(ledger.sum.toString(16).padStart(64, '0'), 'hex');
    expect(Buffer.from(sealed.sealed).includes(digest.subarray(0, 8))).toBe(false);
    expect(sealLedger(keyring, 7, ledger).sealed).not.toEqual(sealed.sealed);
  });

  it('does not open at another epoch, in another vault, or with a bit changed', () => {
    const { epoch, sealed } = sealLedger(keyring, 7, empty);
    const flipped = Buffer.from(sealed);
    flipped.writeUInt8(flipped.readUInt8(30) ^ 1, 30);
    const damaged = expect.objectContaining({ code: 'vault_damaged' });
    expect(() => openLedger(keyring, { epoch: epoch - 1, sealed })).toThrow(damaged);
    expect(() => openLedger(keyring, { epoch, sealed: flipped })).toThrow(damaged);
    expect(() => openLedger(keyring, { epoch, sealed: sealed.subarray(0, -1) })).toThrow(damaged);
    expect(() => openLedger(keyringOf(2), { epoch, sealed })).toThrow(damaged);
  });

  it('keeps the sixteen places that wrote last', () => {
    const name = (n: number) => n.toString(16).padStart(32, '0');
    let ledger: Ledger = empty;
    for (let n = 1; n <= 20; n += 1) ledger = withPlace(ledger, name(n), n);
    ledger = withPlace(ledger, name(5), 21);
    expect(openLedger(keyring, sealLedger(keyring, 21, ledger)).places).toEqual(ledger.places);
    expect(ledger.places.size).toBe(16);
    expect(ledger.places.get(name(5))).toBe(21);
    expect(ledger.places.has(name(4))).toBe(false);
    expect(ledger.places.has(name(20))).toBe(true);
  });
});
