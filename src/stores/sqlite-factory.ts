import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { Clock, Files, Paths } from '../system/contract.js';
import type { NewVaultHead, StoreFactory } from './contract.js';
import { sqliteStore } from './sqlite.js';
import { connect, prepareForWriting } from './sqlite-connection.js';
import { insertMasterKey } from './sqlite-keys.js';
import { extendTrail, PUT_LEDGER } from './sqlite-ledger.js';
import { asStoreError, createEmpty, openDatabase, openSqlite } from './sqlite-open.js';
import { createSchema, migrate } from './sqlite-schema.js';

export function sqliteFactory(paths: Paths, files: Files, clock: Clock): StoreFactory {
  const path = paths.database;

  const factory: StoreFactory = {
    exists: async () => files.exists(path),

    async open() {
      files.ensureFolder(paths.data);
      const database = openDatabase(path, files);
      const connection = connect(database, path, clock);
      try {
        await connection.read(() => migrate(database, path));
      } catch (failure) {
        await connection.close();
        throw failure;
      }
      return sqliteStore(connection);
    },

    async create(head, ready) {
      files.ensureFolder(paths.data);
      const unfinished = `${path}.new`;
      createEmpty(unfinished, files);
      try {
        fill(unfinished, files, head);
        ready?.();
      } catch (failure) {
        files.remove(unfinished);
        throw asStoreError(failure, unfinished);
      }
      if (!files.publish(unfinished, path)) {
        throw new VaultError('vault_exists', `a vault already exists at ${path}`, { hint: command('list') });
      }
      return factory.open();
    },
  };
  return factory;
}

function fill(path: string, files: Files, head: NewVaultHead): void {
  const database = openSqlite(path, files);
  try {
    prepareForWriting(database);
    database.transaction(() => {
      createSchema(database);
      database
        .prepare('INSERT INTO vault (one, vault_id, created_at) VALUES (1, ?, ?)')
        .run(head.vaultId, head.createdAt);
      database.prepare(PUT_LEDGER).run(head.ledger.epoch, head.ledger.sealed);
      const prepare = (sql: string) => database.prepare<unknown[]>(sql);
      for (const key of head.masterKeys) {
        const wrapped = head.wrappedKeys.filter((row) => row.masterReference === key.reference);
        insertMasterKey(prepare, key, wrapped);
      }
      extendTrail(prepare, head.entries, null);
    })();
  } finally {
    database.close();
  }
}
