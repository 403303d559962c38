import { FROM_BACKUP, VaultError } from '../domain/errors.js';
import type {
  LedgerStep,
  NextLedger,
  RowChange,
  RowFacts,
  RowSet,
  SealedLedger,
  Store,
  TrailEntry,
  TrailFacts,
  TrailTable,
} from './contract.js';
import type { Connection } from './sqlite-connection.js';
import type { Prepare } from './sqlite-keys.js';
import { type ColumnKinds, checkRow } from './sqlite-rows.js';

interface LedgerRow {
  readonly epoch: number;
  readonly sealed: Uint8Array;
}

const LEDGER_KINDS = { epoch: 'integer', sealed: 'bytes' } as const satisfies ColumnKinds;
const FACT_KINDS = {
  id: 'text',
  provider: 'text',
  label: 'text',
  generation: 'integer',
} as const satisfies ColumnKinds;
const FACTS = Object.keys(FACT_KINDS).join(', ');

export const PUT_LEDGER = 'INSERT OR REPLACE INTO ledger (one, epoch, sealed) VALUES (1, ?, ?)';

/** @throws VaultError `vault_damaged` */
export function readLedger(connection: Connection): SealedLedger {
  const ledger = findLedger(connection);
  if (ledger !== null) return ledger;
  throw new VaultError(
    'vault_damaged',
    `${connection.path} was altered or is damaged: its ledger of accounts is gone`,
    {
      hint: `${FROM_BACKUP}\nor go on with what is there:\nvault doctor --accept-rollback`,
    },
  );
}

/** In one transaction: between two statements another process may commit. */
export function readRowSet(connection: Connection): RowSet {
  return connection.atOneMoment(() => ({
    ledger: findLedger(connection),
    rows: connection.prepare<RowFacts>(`SELECT ${FACTS} FROM accounts NOT INDEXED`).all().map(toFacts),
  }));
}

/** A change of something else than the rows. */
export const NO_ROW: RowChange = { before: null, after: null };

/** Call it in the transaction of the change, and only when something has changed. */
export function recordChange(connection: Connection, step: LedgerStep, change: RowChange): void {
  write(connection, step(readLedger(connection), change, trailFacts(connection)));
}

/** See {@link Store.renewLedger}; in a transaction. */
export function renewLedger(connection: Connection, make: Parameters<Store['renewLedger']>[0]): void {
  write(connection, make(readRowSet(connection), trailFacts(connection)));
}

function write(connection: Connection, { epoch, sealed, entries = [], firstKept = null }: NextLedger): void {
  connection.prepare(PUT_LEDGER).run(epoch, sealed);
  extendTrail(connection, entries, firstKept);
}

export function presentRow({ prepare }: Connection, id: string): RowFacts | null {
  const row = prepare<RowFacts>(`SELECT ${FACTS} FROM accounts WHERE id = ?`).get(id);
  return row === undefined ? null : toFacts(row);
}

/** @returns the row as it was; null when it was gone already */
export function removeRow({ prepare }: Connection, id: string): RowFacts | null {
  const row = prepare<RowFacts>(`DELETE FROM accounts WHERE id = ? RETURNING ${FACTS}`).get(id);
  return row === undefined ? null : toFacts(row);
}

function findLedger({ prepare }: Connection): SealedLedger | null {
  const row = prepare<LedgerRow>('SELECT epoch, sealed FROM ledger').get();
  if (row === undefined) return null;
  checkRow('ledger', row, LEDGER_KINDS);
  return { epoch: row.epoch, sealed: row.sealed };
}

function toFacts(row: RowFacts): RowFacts {
  checkRow('accounts', row, FACT_KINDS);
  return row;
}

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
