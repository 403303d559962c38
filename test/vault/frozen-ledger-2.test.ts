import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RowFacts, VaultHead } from '../../src/stores/contract.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { openLedger } from '../../src/vault/ledger.js';
import { sumsOf } from '../../src/vault/row-sums.js';
import { describedLedger, hex, integer, type LedgerVectors, sumOf } from './described-format.js';

interface Vectors extends LedgerVectors {
  readonly rows: readonly (RowFacts & { readonly part: number; readonly digest: string })[];
  readonly ledger: {
    epoch: number;
    places: readonly [string, number][];
    trail: { key: string; first: number; base: string; last: number; head: string };
    sealed_before: number;
    sealed: string;
  };
}

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
    const { open, digest } = describedLedger(vectors);
    const digests = rows.map(digest);
    expect(digests).toEqual(rows.map(({ digest }) => digest));
    expect(rows.map(({ id }) => Number.parseInt(id.slice(0, 2), 16))).toEqual(rows.map(({ part }) => part));

    const parts = [...new Set(rows.map(({ part }) => part))].map((part) => {
      const own = digests.filter((_, index) => rows[index]?.part === part);
      return integer(part, 2) + integer(own.length) + sumOf(own);
    });
    const places = ledger.places.map(([name, at]) => name + integer(at));
    const { key: trailKey, first, base, last, head } = ledger.trail;
    const trail = trailKey + integer(first) + base + integer(last) + head;
    const sealed = hex(ledger.sealed);
    expect(sealed.subarray(0, 2)).toEqual(Buffer.of(2, 1));
    const plain = open(sealed, 'ledger', 'sealed', ledger.epoch);
    expect(plain.toString('hex')).toBe(
      [trail, integer(ledger.sealed_before), integer(places.length, 2), ...places, ...parts].join(''),
    );
  });
});
