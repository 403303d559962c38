import { lazily, once } from '../domain/async.js';
import type { Clock, Files, Paths } from '../system/contract.js';
import type { Store, StoreFactory } from './contract.js';
import type { Connection } from './sqlite-connection.js';
import { connect } from './sqlite-connection.js';
import { hasCurrentSchema, openDatabase } from './sqlite-open.js';
import { findByIndex, findNames, findOne, readHead } from './sqlite-reads.js';

export function sqliteFactory(paths: Paths, files: Files, clock: Clock): StoreFactory {
  const path = paths.database;
  const factory: StoreFactory = {
    exists: async () => files.exists(path),

    async open() {
      files.ensureFolder(paths.data);
      const database = await openDatabase(path, files);
      const connection = connect(database, path, clock);
      try {
        if (!(await connection.read(() => hasCurrentSchema(database)))) {
          const { migrate } = await import('./sqlite-schema.js');
          await connection.read(() => migrate(database, path));
        }
      } catch (failure) {
        await connection.close();
        throw failure;
      }
      return sqliteStore(connection);
    },

    async create(head, ready) {
      files.ensureFolder(paths.data);
      (await import('./sqlite-create.js')).createDatabase(path, files, head, ready);
      return factory.open();
    },
  };
  return factory;
}

/** A store over SQLite. Reading an account and the keys needs only this file; the rest is loaded when it is first used. */
export function sqliteStore(connection: Connection): Store {
  const { read } = connection;
  const rest = once(async () => (await import('./sqlite-rest.js')).restOfStore(connection));

  return {
    head: () => read(() => readHead(connection)),
    namesBeginningWith: (prefix) => read(() => findNames(connection, prefix)),
    account: (id) => read(() => findOne(connection, 'id = ?', [id])),
    accountByName: (...name) => read(() => findByIndex(connection, 'provider = ? AND label = ?', name)),
    async *accountsAsJson(provider) {
      yield* (await rest()).accountsAsJson(provider);
    },
    async close() {
      // Writes may wait for it.
      if (rest.called) await rest();
      await connection.close();
    },
    ...lazily(rest, [
      'accounts',
      'accountBySubject',
      'consents',
      'addConsent',
      'leftovers',
      'noteLeftover',
      'forgetLeftover',
    ]),
    ...lazily(rest, [
      'addMasterKey',
      'removeMasterKey',
      'exchangeMasterKey',
      'ledger',
      'rowSet',
      'renewLedger',
      'note',
    ]),
    ...lazily(rest, [
      'insert',
      'replace',
      'intend',
      'withdraw',
      'intent',
      'recordAttempt',
      'remove',
      'probe',
    ]),
    dataKeys: lazily(
      async () => (await rest()).dataKeys,
      ['version', 'add', 'sealedUnder', 'replace', 'drop'],
    ),
    trail: lazily(async () => (await rest()).trail, ['after', 'before', 'beyond']),
    notifications: lazily(async () => (await rest()).notifications, ['all', 'put', 'forget']),
    clients: lazily(async () => (await rest()).clients, ['all', 'put', 'refused', 'remove', 'reseal']),
  };
}
