import type { TrailEntry, TrailFacts, TrailTable } from './contract.js';
import type { Connection } from './sqlite-connection.js';
import type { Prepare } from './sqlite-head.js';
import { type ColumnKinds, checkRow } from './sqlite-values.js';

const ENTRY_KINDS = {
  seq: 'integer',
  at: 'integer',
  body: 'text',
  origin: 'text',
  mac: 'bytes',
} as const satisfies ColumnKinds;
const COLUMNS = Object.keys(ENTRY_KINDS).join(', ');

export function sqliteTrail({ prepare, read }: Connection): TrailTable {
  const rows = (sql: string, bound: number, limit: number) =>
    read(() => prepare<TrailEntry>(sql).all(bound, limit).map(toEntry));
  return {
    after: (after, limit) =>
      rows(`SELECT ${COLUMNS} FROM audit WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit),
    before: (before, limit) =>
      rows(`SELECT ${COLUMNS} FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?`, before, limit),
  };
}

/** For the transaction of a change. */
export function trailFacts({ prepare }: Connection): TrailFacts {
  return {
    has: (origin) => prepare('SELECT 1 FROM audit WHERE origin = ?').get(origin) !== undefined,
    last: () => prepare<{ last: number | null }>('SELECT max(seq) AS last FROM audit').get()?.last ?? 0,
    mac: (seq) =>
      prepare<Pick<TrailEntry, 'mac'>>('SELECT mac FROM audit WHERE seq = ?').get(seq)?.mac ?? null,
  };
}

/** In the transaction of a change. @param firstKept what stands before is forgotten */
export function extendTrail(
  { prepare }: { readonly prepare: Prepare },
  entries: readonly TrailEntry[],
  firstKept: number | null,
): void {
  for (const { seq, at, body, origin, mac } of entries) {
    // An entry of somebody else's that stands where the next one belongs must not keep tokens from being stored.
    prepare(`INSERT OR REPLACE INTO audit (${COLUMNS}) VALUES (?, ?, ?, ?, ?)`).run(
      seq,
      at,
      body,
      origin,
      mac,
    );
  }
  if (firstKept !== null) prepare('DELETE FROM audit WHERE seq < ?').run(firstKept);
}

function toEntry(row: TrailEntry): TrailEntry {
  checkRow('audit', row, ENTRY_KINDS);
  return row;
}
