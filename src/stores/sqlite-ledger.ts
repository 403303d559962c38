import { FROM_BACKUP, VaultError } from '../domain/errors.js';
import type { LedgerStep, NextLedger, RowChange, RowFacts, RowSet, SealedLedger, Store } from './contract.js';
import { extendTrail, trailFacts } from './sqlite-audit.js';
import type { Connection } from './sqlite-connection.js';
import { type ColumnKinds, checkRow } from './sqlite-values.js';

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
