import { describe, expect, it } from 'vitest';
import type { MasterKeyRow, RowFacts, TrailEntry } from '../../src/stores/contract.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { type Ledger, ledgerOf, openLedger, sealLedger, withPlace } from '../../src/vault/ledger.js';
import { createHead } from '../../src/vault/new-vault.js';
import { sumsOf, totalsOf } from '../../src/vault/row-sums.js';
import { type Extension, entryMac, extend, type Trail } from '../../src/vault/trail.js';
import { emptyTrail } from '../doubles/ledger.js';

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
const idOf = (n: number) => `${(n % 256).toString(16).padStart(2, '0')}${n}`;
const empty = ledgerOf(keyring, [], new Map());
const place = 'ab'.repeat(16);

describe('the ledger', () => {
  const filled = withPlace(ledgerOf(keyring, [row(1), row(2)], new Map()), place, 7);
  const first: Ledger = { ...filled, sums: sumsOf(keyring, [row(1), row(2)], 1) };

  it.each([
    [1, first],
    [2, filled],
    [
      2,
      ledgerOf(
        keyring,
        Array.from({ length: 999 }, (_, n) => row(n, { id: idOf(n) })),
        new Map(),
      ),
    ],
  ])('of format %d is sealed: it opens unchanged, and reveals nothing without the key', (format, ledger) => {
    const sealed = sealLedger(keyring, 7, ledger);
    expect(sealed.sealed[0]).toBe(format);
    expect(openLedger(keyring, sealed)).toEqual(ledger);
    const { sum } = totalsOf(ledger.sums);
    const digest = Buffer.from(sum.toString(16).padStart(64, '0'), 'hex');
    expect(Buffer.from(sealed.sealed).includes(digest.subarray(0, 8))).toBe(false);
    expect(sealLedger(keyring, 7, ledger).sealed).not.toEqual(sealed.sealed);
  });

  it('is small if there are few accounts', () => {
    expect(sealLedger(keyring, 7, filled).sealed.length).toBeLessThan(400);
  });

  it('of a later format was written by a newer version', () => {
    const { epoch, sealed } = sealLedger(keyring, 7, empty);
    const later = Buffer.from(sealed);
    later.writeUInt8(3, 0);
    expect(() => openLedger(keyring, { epoch, sealed: later })).toThrow(
      expect.objectContaining({ code: 'vault_newer' }),
    );
  });

  it.each([
    ['2', '1'],
    ['1', '2'],
  ])('of format %s is not accepted as format %s', (from, to) => {
    const { epoch, sealed } = sealLedger(keyring, 7, from === '1' ? first : filled);
    const turned = Buffer.from(sealed);
    turned.writeUInt8(Number(to), 0);
    expect(() => openLedger(keyring, { epoch, sealed: turned })).toThrow(
      expect.objectContaining({ code: 'vault_damaged' }),
    );
  });

  it('does not open at another epoch, in another vault, or with a changed bit', () => {
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

it('lets a trail delete its oldest entries and start from the last deleted one', () => {
  const vaultId = Buffer.alloc(16, 1);
  const entries = new Map<number, TrailEntry>();
  const facts = { ...emptyTrail, mac: (seq: number) => entries.get(seq)?.mac ?? null };
  let trail: Trail | null = null;
  for (let n = 1; n <= 40; n += 1) {
    const line = { at: n, body: '{}', origin: `line-${n}` };
    const next: Extension = extend(vaultId, trail, [line], facts, { kept: 10, atOnce: 5 });
    trail = next.trail;
    for (const entry of next.entries) entries.set(entry.seq, entry);
    for (const seq of entries.keys()) if (seq < (next.firstKept ?? 0)) entries.delete(seq);
    expect(entries.size).toBeLessThanOrEqual(15);
  }
  expect([...entries.keys()][0]).toBe(trail?.first);
  const codes = [...entries.values()].map((entry) => entry.mac);
  const key = trail?.key ?? Buffer.alloc(0);
  const again = [...entries.values()].map((entry, index) =>
    entryMac(vaultId, key, entry, codes[index - 1] ?? trail?.base ?? Buffer.alloc(0)),
  );
  expect(again).toEqual(codes);
  expect(codes.at(-1)).toEqual(trail?.head);
});
