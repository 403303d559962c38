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
/** Numbers that somebody wrote and JavaScript cannot hold are read as the nearest that it can. */
const READABLE = `min(seq, ${Number.MAX_SAFE_INTEGER}) AS seq, max(min(at, ${Number.MAX_SAFE_INTEGER}), ${Number.MIN_SAFE_INTEGER}) AS at, body, origin, mac`;
/** More events than any vault will see. */
const HIGHEST = 2 ** 40;
const BEYOND = 'SELECT count(*) FROM audit WHERE seq > ?';

export function sqliteTrail({ prepare, read }: Connection): TrailTable {
  const rows = (sql: string, bound: number, limit: number) =>
    read(() => prepare<TrailEntry>(sql).all(bound, limit).map(toEntry));
  return {
    after: (after, limit) =>
      rows(`SELECT ${READABLE} FROM audit WHERE audit.seq > ? ORDER BY audit.seq LIMIT ?`, after, limit),
    before: (before, limit) =>
      rows(
        `SELECT ${READABLE} FROM audit WHERE audit.seq < ? ORDER BY audit.seq DESC LIMIT ?`,
        before,
        limit,
      ),
    beyond: (last) => read(() => prepare<{ n: number }>(BEYOND).pluck().get(last) as unknown as number),
  };
}

/** For the transaction of a change. */
export function trailFacts({ prepare }: Connection): TrailFacts {
  return {
    has: (origin, last) =>
      prepare('SELECT 1 FROM audit WHERE origin = ? AND seq <= ?').get(origin, last) !== undefined,
    last: () =>
      prepare<{ last: number | null }>('SELECT max(seq) AS last FROM audit WHERE seq < ?').get(HIGHEST)
        ?.last ?? 0,
    beyond: (last) => prepare(BEYOND).pluck().get(last) as number,
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
  const [first] = entries;
  // Entries of somebody else's that stand where the next ones belong must not keep tokens from being stored.
  if (first !== undefined) prepare('DELETE FROM audit WHERE seq >= ?').run(first.seq);
  for (const { seq, at, body, origin, mac } of entries) {
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
