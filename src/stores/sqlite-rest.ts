import type { Consent } from '../domain/account.js';
import { REPEATABLE_GRANTS } from '../domain/repeatable-grant.js';
import type {
  Intent,
  LedgerStep,
  Notification,
  NotificationTable,
  SealedAccount,
  Store,
} from './contract.js';
import { sqliteClients } from './sqlite-clients.js';
import { isTaken } from './sqlite-code.js';
import type { Connection } from './sqlite-connection.js';
import {
  deleteLeftover,
  exchangeMasterKey,
  insertMasterKey,
  putLeftover,
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
import { byName, findOne, OF_PROVIDER, type ReadForToken } from './sqlite-reads.js';
import { ACCOUNTS, SEALED_FIELDS, table } from './sqlite-rows.js';

const CONSENTS = table<Consent>('consents', {
  at: 'integer',
  how: ['browser', 'paste', 'device', 'import', ...REPEATABLE_GRANTS],
  askedScopes: 'scopes',
  grantedScopes: 'scopes',
});

export const INTENTS = table<Intent>('intents', {
  accountId: 'text',
  generation: 'integer',
  tokenDigest: 'bytes',
  attempt: 'integer',
  at: 'integer',
  pid: 'integer',
});

const NOTIFICATIONS = table<Notification>(
  'told',
  {
    accountId: 'text',
    event: ['login_needed', 'grant_ending', 'failing'],
    endsAt: 'integer?',
    since: 'integer',
    triedAt: 'integer',
    notifiedAt: 'integer?',
  },
  { notifiedAt: 'told_at' },
);

const WRITTEN = [...ACCOUNTS.written, ...SEALED_FIELDS.written];
const INSERT = `INSERT INTO accounts (${WRITTEN.join(', ')}) VALUES (${WRITTEN.map((column) => `@${column}`).join(', ')})`;
/** SQLite rewrites every index of which a column is set, even to the same value. */
const INDEXED = ['id', 'provider', 'label', 'issuer', 'subject_digest'];
const settingAll = (columns: readonly string[]) =>
  `UPDATE accounts SET ${columns.map((column) => `${column} = @${column}`).join(', ')}
  WHERE id = @id AND generation = @expected`;
const REPLACE = settingAll(WRITTEN);
const REPLACE_SAME = `${settingAll(WRITTEN.filter((column) => !INDEXED.includes(column)))}
  AND ${INDEXED.map((column) => `${column} = @${column}`).join(' AND ')}`;
const ATTEMPT = `UPDATE accounts SET status = @status, reason = @reason, last_error = @lastError, failures = @failures,
  retry_at = @retryAt, updated_at = @updatedAt WHERE id = @id AND generation = @generation`;
const INTEND = `INSERT INTO intents (account_id, generation, token_digest, attempt, at, pid)
  SELECT id, @generation, @tokenDigest, @attempt, @at, @pid FROM accounts WHERE id = @accountId AND generation = @generation
  ON CONFLICT (account_id) DO UPDATE SET generation = @generation, token_digest = @tokenDigest, attempt = @attempt,
    at = @at, pid = @pid`;
const WITHDRAW = `DELETE FROM intents
  WHERE account_id = @accountId AND generation = @generation AND pid = @pid AND attempt = 1`;
const SETTLE = 'DELETE FROM intents WHERE account_id = ?';
const CONSENT = `INSERT INTO consents (account_id, at, how, asked_scopes, granted_scopes)
  SELECT id, ?, ?, ?, ? FROM accounts WHERE id = ?`;

/** The methods of a store that `vault token` does not need if the token is valid; see `sqliteStore`. */
export function restOfStore(connection: Connection): Omit<Store, ReadForToken> {
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

    accounts: (provider = null) => read(() => ACCOUNTS.all(connection, byName(OF_PROVIDER), provider)),

    async *accountsAsJson(provider) {
      const { accountsAsJson } = await import('./sqlite-account-json.js');
      yield* accountsAsJson(connection, provider);
    },

    accountBySubject: (...identity) =>
      read(() => findOne(connection, 'provider = ? AND issuer = ? AND subject_digest = ?', identity)),

    ledger: () => read(() => readLedger(connection)),

    rowSet: (range) => read(() => readRowSet(connection, range)),

    renewLedger: (make) => write(() => renewLedger(connection, make)),

    dataKeys: sqliteDataKeys(connection),

    insert: (account, step: LedgerStep) =>
      write(() => {
        const inserted = unlessTaken(() => prepare(INSERT).run(parametersOf(account)).changes === 1);
        if (inserted) recordChange(connection, step, { before: null, after: account });
        return inserted;
      }),

    replace: (account, expectedGeneration, step, keepsIntent = false, absorbed = null) =>
      write(() => {
        const before = findRow(connection, account.id);
        const gone = absorbed === null ? null : findRow(connection, absorbed.id);
        if (gone?.generation !== absorbed?.generation) return false;
        const parameters = { ...parametersOf(account), expected: expectedGeneration };
        const replaced = unlessTaken(() =>
          [REPLACE_SAME, REPLACE].some((update) => prepare(update).run(parameters).changes === 1),
        );
        if (!replaced) return false;
        if (!keepsIntent) prepare(SETTLE).run(account.id);
        recordChange(connection, step, { before, after: account });
        if (absorbed === null) return true;
        prepare('DELETE FROM accounts WHERE id = ?').run(absorbed.id);
        recordChange(connection, absorbed.step, { before: gone, after: null });
        return true;
      }),

    intend: (intent) => write(() => prepare(INTEND).run({ ...intent }).changes === 1),

    withdraw: ({ accountId, generation, pid }) =>
      write(() => void prepare(WITHDRAW).run({ accountId, generation, pid })),

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
    clients: sqliteClients(connection),

    probe: () =>
      write(() => {
        prepare('UPDATE vault SET created_at = created_at').run();
      }),
  };
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
