import { describe, expect, it } from 'vitest';
import type { MasterKeyRow, RowFacts } from '../../src/stores/contract.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { createHead } from '../../src/vault/new-vault.js';
import {
  changedSums,
  divided,
  PARTS,
  partOf,
  partsIn,
  rangeOf,
  rowDigest,
  sumsOf,
  totalsOf,
} from '../../src/vault/row-sums.js';
import { seededNumbers } from '../harness/random.js';

const master = Buffer.alloc(32, 3);

function keyringOf(vaultId: number) {
  const head = createHead(Buffer.alloc(16, vaultId), 'file', master, 1);
  const [masterKey] = head.masterKeys as readonly [MasterKeyRow];
  return openKeyring(head, masterKey, master);
}

const keyring = keyringOf(1);
const row = (n: number, given: Partial<RowFacts> = {}): RowFacts => ({
  id: `${(n % 256).toString(16).padStart(2, '0')}-${n}`,
  provider: 'google',
  label: `person-${n}`,
  generation: 1,
  ...given,
});
const empty = sumsOf(keyring, []);

describe('the digest of a row', () => {
  it.each([{ id: 'id-2' }, { provider: 'youtube' }, { label: 'person-2' }, { generation: 2 }])(
    'differs for %j',
    (change) => {
      expect(rowDigest(keyring, row(1, change))).not.toBe(rowDigest(keyring, row(1)));
    },
  );

  it('differs between vaults, and if text moves between columns', () => {
    expect(rowDigest(keyringOf(2), row(1))).not.toBe(rowDigest(keyring, row(1)));
    const [left, right] = [row(1, { provider: 'ab', label: 'c' }), row(1, { provider: 'a', label: 'bc' })];
    expect(rowDigest(keyring, left)).not.toBe(rowDigest(keyring, right));
  });
});

describe('the sums of the rows', () => {
  it.each([1, PARTS])('in %d parts, changed one by one, equal those of all rows', (parts) => {
    const between = seededNumbers(20_261_121);
    const rows = new Map<string, RowFacts>();
    let sums = sumsOf(keyring, [], parts);
    for (let change = 0; change < 400; change += 1) {
      const { id, ...facts } = row(between(1, 30));
      const before = rows.get(id) ?? null;
      const gone = before !== null && between(1, 3) === 1;
      const after = gone ? null : { id, ...facts, generation: (before?.generation ?? 0) + 1 };
      if (after === null) rows.delete(id);
      else rows.set(id, after);
      sums = changedSums(keyring, sums, { before, after });
    }
    expect(rows.size).toBeGreaterThan(5);
    expect(sums).toEqual(sumsOf(keyring, [...rows.values()], parts));
    expect(sums).toEqual(sumsOf(keyring, [...rows.values()].reverse(), parts));
    expect(totalsOf(sums)).toEqual(totalsOf(sumsOf(keyring, [...rows.values()], 1)));
  });

  it('equal those of no rows once every row was removed', () => {
    const one = changedSums(keyring, empty, { before: null, after: row(1) });
    expect(one).not.toEqual(empty);
    expect(changedSums(keyring, one, { before: row(1), after: null })).toEqual(empty);
  });

  it('differ if a row moved from one part to another', () => {
    expect(sumsOf(keyring, [row(1, { id: '01-x' })])).not.toEqual(sumsOf(keyring, [row(1, { id: '02-x' })]));
  });

  it('survive the removal of a row that was never counted', () => {
    const less = changedSums(keyring, empty, { before: row(1), after: null });
    expect(totalsOf(less).rows).toBe(-1);
    expect(changedSums(keyring, less, { before: null, after: row(1) })).toEqual(empty);
  });

  it('of format 1 are divided only if they match the rows', () => {
    const rows = [row(1), row(2)];
    const first = sumsOf(keyring, rows, 1);
    expect(divided(keyring, first, () => rows)).toEqual(sumsOf(keyring, rows));
    const older = [row(1), row(2, { generation: 0 })];
    for (const wrong of [[], [row(1)], older, [...rows, row(3)]])
      expect(partsIn(divided(keyring, first, () => wrong))).toBe(1);
  });
});

describe('the parts of the rows', () => {
  it('have 256 ranges without a gap, by the first two digits of an id', () => {
    const ranges = Array.from({ length: PARTS }, (_, part) => rangeOf(part));
    expect(ranges[0]).toEqual({ from: '', before: '01' });
    expect(ranges[PARTS - 1]).toEqual({ from: 'ff', before: null });
    ranges.forEach(({ before }, part) => {
      expect(before).toBe(ranges[part + 1]?.from ?? null);
    });
    expect(partOf('a70b1f6e-0000-4000-8000-000000000000')).toBe(0xa7);
  });

  it.each(['', '0', '00', 'f', 'fg', 'g', 'AF', 'ZZ', 'id-1', '9:', 'é', '😀', '日本', 'ff\u0000', '\u0000'])(
    'count the odd id %j in the range of its bytes',
    (id) => {
      const { from, before } = rangeOf(partOf(id));
      const bytes = (text: string) => Buffer.from(text);
      expect(bytes(from).compare(bytes(id))).toBeLessThanOrEqual(0);
      if (before !== null) expect(bytes(id).compare(bytes(before))).toBeLessThan(0);
    },
  );
});
