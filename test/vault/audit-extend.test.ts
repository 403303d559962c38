import { expect, it } from 'vitest';
import type { TrailEntry } from '../../src/stores/contract.js';
import { type Extension, entryMac, extend, type Trail } from '../../src/vault/ledger.js';
import { emptyTrail } from '../doubles/ledger.js';

it('a trail forgets the oldest entries beyond a number, many at a time, and goes on behind the last of them', () => {
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
