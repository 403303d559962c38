import type { AccountRef, LedgerStep, NotificationTable, SealedAccount, Store } from './contract.js';
import type { Connection } from './sqlite-connection.js';
import {
  deleteLeftover,
  exchangeMasterKey,
  insertMasterKey,
  putLeftover,
  readHead,
  readLeftovers,
  removeMasterKey,
  sqliteDataKeys,
} from './sqlite-keys.js';
import {
  findRow,
  NO_ROW,
  readLedger,
  readRowSet,
  recordChange,
  renewLedger,
  sqliteTrail,
} from './sqlite-ledger.js';
import { isTaken } from './sqlite-open.js';
import {
  ACCOUNT_REFS,
  ACCOUNTS,
  CONSENTS,
  damagedRow,
  INTENTS,
  NOTIFICATIONS,
  SEALED_FIELDS,
  toSealedAccount,
} from './sqlite-rows.js';

const WRITTEN = [...ACCOUNTS.written, ...SEALED_FIELDS.written];
const INSERT = `INSERT INTO accounts (${WRITTEN.join(', ')}) VALUES (${WRITTEN.map((column) => `@${column}`).join(', ')})`;
const REPLACE = `UPDATE accounts SET ${WRITTEN.map((column) => `${column} = @${column}`).join(', ')}
  WHERE id = @id AND generation = @expected`;
const ATTEMPT = `UPDATE accounts SET status = @status, reason = @reason, last_error = @lastError, failures = @failures,
  retry_at = @retryAt, updated_at = @updatedAt WHERE id = @id AND generation = @generation`;
const INTEND = `INSERT INTO intents (account_id, generation, token_digest, attempt, at, pid)
  SELECT id, @generation, @tokenDigest, @attempt, @at, @pid FROM accounts WHERE id = @accountId AND generation = @generation
  ON CONFLICT (account_id) DO UPDATE SET generation = @generation, token_digest = @tokenDigest, attempt = @attempt,
    at = @at, pid = @pid`;
const SETTLE = 'DELETE FROM intents WHERE account_id = ?';
const CONSENT = `INSERT INTO consents (account_id, at, how, asked_scopes, granted_scopes)
  SELECT id, ?, ?, ?, ? FROM accounts WHERE id = ?`;

export function sqliteStore(connection: Connection): Store {
  const { prepare, read, write } = connection;

  /** A change of something other than the accounts. */
  function changing(step: LedgerStep, change: () => boolean): Promise<boolean> {
    return write(() => {
      const done = change();
      if (done) recordChange(connection, step, NO_ROW);
      return done;
    });
  }

  return {
    head: () => read(() => readHead(connection)),

    // Caught outside the transaction, so that the writes before the conflict are rolled back.
    addMasterKey: (key, wrapped, step) =>
      changing(step, () => insertMasterKey(prepare, key, wrapped)).catch(onlyTaken),

    removeMasterKey: (reference, left, step) =>
      changing(step, () => removeMasterKey(connection, reference, left)),

    exchangeMasterKey: (dropped, key, wrapped, step) =>
      changing(step, () => exchangeMasterKey(connection, dropped, key, wrapped)).catch(onlyTaken),

    leftovers: () => read(() => readLeftovers(connection)),
    noteLeftover: (key) => write(() => putLeftover(connection, key)),
    forgetLeftover: (key) => write(() => deleteLeftover(connection, key)),

    accounts: (provider = null) =>
      read(() =>
        provider === null
          ? ACCOUNTS.all(connection, byName())
          : ACCOUNTS.all(connection, byName('provider = ?'), provider),
      ),

    names: (prefix) => read(() => findNames(connection, prefix)),

    account: (id) => read(() => findOne(connection, 'id = ?', [id])),

    accountByName: (...name) => read(() => findByIndex(connection, 'provider = ? AND label = ?', name)),

    accountBySubject: (...identity) =>
      read(() => findOne(connection, 'provider = ? AND issuer = ? AND subject_digest = ?', identity)),

    ledger: () => read(() => readLedger(connection)),

    rowSet: () => read(() => readRowSet(connection)),

    renewLedger: (make) => write(() => renewLedger(connection, make)),

    dataKeys: sqliteDataKeys(connection),

    insert: (account, step: LedgerStep) =>
      write(() => {
        const inserted = unlessTaken(() => prepare(INSERT).run(parametersOf(account)).changes === 1);
        if (inserted) recordChange(connection, step, { before: null, after: account });
        return inserted;
      }),

    replace: (account: SealedAccount, expectedGeneration: number, step: LedgerStep, keepsIntent = false) =>
      write(() => {
        const before = findRow(connection, account.id);
        const parameters = { ...parametersOf(account), expected: expectedGeneration };
        const replaced = unlessTaken(() => prepare(REPLACE).run(parameters).changes === 1);
        if (!replaced) return false;
        if (!keepsIntent) prepare(SETTLE).run(account.id);
        recordChange(connection, step, { before, after: account });
        return true;
      }),

    intend: (intent) => write(() => prepare(INTEND).run({ ...intent }).changes === 1),

    intent: (accountId) => read(() => INTENTS.one(connection, 'WHERE account_id = ?', accountId)),

    recordAttempt: (id, generation, attempt, step?: LedgerStep) =>
      write(() => {
        const { settled, ...facts } = attempt;
        const recorded = prepare(ATTEMPT).run({ ...facts, id, generation }).changes === 1;
        if (recorded && settled) prepare(SETTLE).run(id);
        if (recorded && step !== undefined) recordChange(connection, step, NO_ROW);
        return recorded;
      }),

    remove: (id, step: LedgerStep) =>
      write(() => {
        const before = findRow(connection, id);
        if (before === null) return false;
        prepare('DELETE FROM accounts WHERE id = ?').run(id);
        recordChange(connection, step, { before, after: null });
        return true;
      }),

    note: (step) => changing(step, () => true),

    trail: sqliteTrail(connection),

    addConsent: (accountId, consent) =>
      write(() => {
        const { at, how, askedScopes, grantedScopes } = consent;
        prepare(CONSENT).run(at, how, askedScopes.join(' '), grantedScopes.join(' '), accountId);
      }),

    consents: (accountId) =>
      read(() => CONSENTS.all(connection, 'WHERE account_id = ? ORDER BY at DESC, rowid DESC', accountId)),

    notifications: sqliteNotifications(connection),

    probe: () =>
      write(() => {
        prepare('UPDATE vault SET created_at = created_at').run();
      }),

    close: () => connection.close(),
  };
}

/** Finds a row by an index, and compares it in the table itself: a damaged index can lead to another row. */
function findByIndex(
  { prepare }: Connection,
  where: string,
  values: readonly string[],
): SealedAccount | null {
  const row = prepare<unknown[]>(
    `SELECT ${ACCOUNTS.list}, ${SEALED_FIELDS.list} FROM accounts NOT INDEXED
     WHERE rowid = (SELECT rowid FROM accounts WHERE ${where}) AND ${where}`,
  )
    .raw()
    .get(...values, ...values);
  return row === undefined ? null : toSealedAccount(row);
}

/** A damaged index must not hide an account, so one that it does not find is searched for in the table itself. */
function findOne(connection: Connection, where: string, values: readonly string[]): SealedAccount | null {
  const found = findByIndex(connection, where, values);
  if (found !== null) return found;
  const hidden = connection.prepare(`SELECT 1 FROM accounts NOT INDEXED WHERE ${where}`).get(...values);
  if (hidden !== undefined) throw damagedRow('accounts', 'id');
  return null;
}

/** Without an index: a damaged one would hide accounts, or show them under other names. */
const byName = (where = 'true') => `NOT INDEXED WHERE ${where} ORDER BY provider, label`;

/** Sorts after every string with the same prefix. */
const LAST = '\u{10FFFF}';

function findNames(connection: Connection, prefix: string): readonly AccountRef[] {
  const slash = prefix.indexOf('/');
  if (slash < 0)
    return ACCOUNT_REFS.all(connection, byName('provider >= ? AND provider < ?'), prefix, prefix + LAST);
  const label = prefix.slice(slash + 1);
  const where = byName('provider = ? AND label >= ? AND label < ?');
  return ACCOUNT_REFS.all(connection, where, prefix.slice(0, slash), label, label + LAST);
}

function parametersOf(account: SealedAccount): Record<string, unknown> {
  return { ...ACCOUNTS.parameters(account), ...SEALED_FIELDS.parameters(account.sealed) };
}

const NOTE = `INSERT INTO told (account_id, event, ends_at, since, tried_at, told_at)
  SELECT id, @event, @endsAt, @since, @triedAt, @notifiedAt FROM accounts WHERE id = @accountId
  ON CONFLICT DO NOTHING`;
const RENOTE = `UPDATE told SET ends_at = @endsAt, since = @since, tried_at = @triedAt, told_at = @notifiedAt
  WHERE account_id = @accountId AND event = @event AND tried_at = @seen`;
const FORGET = 'DELETE FROM told WHERE account_id = @accountId AND event = @event AND tried_at = @triedAt';

function sqliteNotifications(connection: Connection): NotificationTable {
  const { prepare, read, write } = connection;
  return {
    all: () => read(() => NOTIFICATIONS.all(connection, '')),
    put: (row, seen) =>
      write(
        () => (seen === null ? prepare(NOTE).run(row) : prepare(RENOTE).run({ ...row, seen })).changes === 1,
      ),
    forget: ({ accountId, event, triedAt }) =>
      write(() => prepare(FORGET).run({ accountId, event, triedAt }).changes === 1),
  };
}

function unlessTaken(action: () => boolean): boolean {
  try {
    return action();
  } catch (failure) {
    if (isTaken(failure)) return false;
    throw failure;
  }
}

function onlyTaken(failure: unknown): false {
  if (isTaken(failure)) return false;
  throw failure;
}
