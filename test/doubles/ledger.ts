import type { LedgerStep, TrailFacts } from '../../src/stores/contract.js';
import type { RollbackMarks } from '../../src/stores/rollback-marks.js';

/** A ledger that only counts: what stores do with one does not depend on what is in it. */
export const step: LedgerStep = ({ epoch }) => ({
  epoch: epoch + 1,
  sealed: Buffer.from(`ledger ${epoch + 1}`),
});

/** A trail without an entry. */
export const emptyTrail: TrailFacts = { has: () => false, last: () => 0, beyond: () => 0, mac: () => null };

/** RollbackMarks in memory, of a place of this name. */
export function marksDouble(place = 'here'): RollbackMarks & { readonly kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  return {
    kept,
    where: [place],
    folder: '/example/marks',
    read: (name) => kept.get(name) ?? null,
    create: (name, bytes) => void kept.set(name, bytes),
    overwrite: (name, bytes) => void kept.set(name, bytes),
  };
}
