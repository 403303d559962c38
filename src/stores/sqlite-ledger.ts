import { VaultError } from '../domain/errors.js';
import { command, fromBackup } from '../domain/hints.js';
import type {
  IdRange,
  LedgerStep,
  NextLedger,
  RenewLedger,
  RowChange,
  RowFacts,
  RowSet,
  SealedLedger,
  TrailEntry,
  TrailFacts,
  TrailTable,
} from './contract.js';
import type { Connection, Prepare } from './sqlite-connection.js';
import { table } from './sqlite-rows.js';

const LEDGER = table<SealedLedger>('ledger', { epoch: 'integer', sealed: 'bytes' });
const ROW_FACTS = table<RowFacts>('accounts', {
  id: 'text',
  provider: 'text',
  label: 'text',
  generation: 'integer',
});
/** Registered clients count with the accounts. No account has a label with a space. */
export const CLIENT_ROWS = table<RowFacts>(
  'registered_clients',
  { id: 'text', provider: 'text', label: 'text', generation: 'integer' },
  { provider: 'issuer', label: "'(registered client)'", generation: '1' },
);
/** Forged numbers that JavaScript cannot hold are read as the nearest one that it can. */
const ENTRIES = table<TrailEntry>(
  'audit',
  { seq: 'integer', at: 'integer', body: 'text', origin: 'text', mac: 'bytes' },
  {
    seq: `min(seq, ${Number.MAX_SAFE_INTEGER})`,
    at: `max(min(at, ${Number.MAX_SAFE_INTEGER}), ${Number.MIN_SAFE_INTEGER})`,
  },
);
/** More events than any vault will see. */
const HIGHEST = 2 ** 40;
const BEYOND = 'SELECT count(*) FROM audit WHERE seq > ?';

/** @throws VaultError `vault_damaged` */
export function readLedger(connection: Connection): SealedLedger {
  const ledger = LEDGER.one(connection, '');
  if (ledger !== null) return ledger;
  throw new VaultError(
    'vault_damaged',
    `${connection.path} was altered or is damaged: its ledger of accounts is missing`,
    { hint: `${fromBackup()}\nor accept the vault as it is:\n${command('doctor --accept-rollback')}` },
  );
}

/** An index finds the rows, and the table says what is in them: a damaged index can hide a row, but not add a false one. */
const inRange = (table: string) =>
  `NOT INDEXED WHERE rowid IN (SELECT rowid FROM ${table} WHERE id >= ? AND id < ?)`;
const ACCOUNTS_IN_RANGE = inRange('accounts');
const CLIENTS_IN_RANGE = inRange('registered_clients');
/** Sorts after every text. */
const AFTER_ALL = Buffer.alloc(0);

/** In one transaction: between two statements another process may commit. */
export function readRowSet(connection: Connection, range?: IdRange): RowSet {
  return connection.atOneMoment(() => ({
    ledger: LEDGER.one(connection, ''),
    rows: range === undefined ? allRows(connection) : rowsInRange(connection, range),
  }));
}

function allRows(connection: Connection): RowFacts[] {
  return [...ROW_FACTS.all(connection, 'NOT INDEXED'), ...CLIENT_ROWS.all(connection, 'NOT INDEXED')];
}

function rowsInRange(connection: Connection, { from, before }: IdRange): RowFacts[] {
  const bounds = [from, before ?? AFTER_ALL] as const;
  return [
    ...ROW_FACTS.all(connection, ACCOUNTS_IN_RANGE, ...bounds),
    ...CLIENT_ROWS.all(connection, CLIENTS_IN_RANGE, ...bounds),
  ];
}

export function findRow(connection: Connection, id: string): RowFacts | null {
  return ROW_FACTS.one(connection, 'WHERE id = ?', id);
}

/** A change of something other than the accounts. */
export const NO_ROW: RowChange = { before: null, after: null };

/** Call it in the transaction of the change, and only when something has changed. */
export function recordChange(connection: Connection, step: LedgerStep, change: RowChange): void {
  const ledger = connection.unwritten ?? readLedger(connection);
  write(
    connection,
    step(ledger, change, trailFacts(connection), () => allRows(connection)),
  );
}

/** See {@link Store.renewLedger}. Call it in a transaction. */
export function renewLedger(connection: Connection, make: RenewLedger): void {
  connection.writeLedger();
  write(connection, make(readRowSet(connection), trailFacts(connection)));
}

function write(connection: Connection, next: NextLedger): void {
  connection.unwritten = next;
  extendTrail(connection.prepare, next.entries ?? [], next.firstKept ?? null);
}

export function sqliteTrail(connection: Connection): TrailTable {
  const { prepare, read } = connection;
  return {
    after: (seq, limit) =>
      read(() => ENTRIES.all(connection, 'WHERE audit.seq > ? ORDER BY audit.seq LIMIT ?', seq, limit)),
    before: (seq, limit) =>
      read(() => ENTRIES.all(connection, 'WHERE audit.seq < ? ORDER BY audit.seq DESC LIMIT ?', seq, limit)),
    beyond: (last) => read(() => prepare(BEYOND).pluck().get(last) as number),
  };
}

function trailFacts({ prepare }: Connection): TrailFacts {
  return {
    has: (origin, last) =>
      prepare('SELECT 1 FROM audit WHERE origin = ? AND seq <= ?').get(origin, last) !== undefined,
    last: () =>
      (prepare('SELECT max(seq) FROM audit WHERE seq < ?').pluck().get(HIGHEST) as number | null) ?? 0,
    beyond: (last) => prepare(BEYOND).pluck().get(last) as number,
    mac: (seq) =>
      (prepare('SELECT mac FROM audit WHERE seq = ?').pluck().get(seq) as Buffer | undefined) ?? null,
  };
}

/** Call it in the transaction of a change. @param firstKept entries with a lower number are deleted */
export function extendTrail(
  prepare: Prepare,
  entries: readonly TrailEntry[],
  firstKept: number | null,
): void {
  const [first] = entries;
  // Forged entries in the place of the next ones must not keep tokens from being stored.
  if (first !== undefined) prepare('DELETE FROM audit WHERE seq >= ?').run(first.seq);
  for (const entry of entries) prepare(ENTRIES.replace).run(ENTRIES.parameters(entry));
  if (firstKept !== null) prepare('DELETE FROM audit WHERE seq < ?').run(firstKept);
}
