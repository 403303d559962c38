import type { Database } from 'better-sqlite3';
import { VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/shell-word.js';
import type { Clock, Files, Paths } from '../system/contract.js';
import type { NewVaultHead, StoreFactory } from './contract.js';
import { sqliteStore } from './sqlite.js';
import { extendTrail } from './sqlite-audit.js';
import { connect, openDatabase, prepareForWriting } from './sqlite-connection.js';
import { asStoreError } from './sqlite-failure.js';
import { insertMasterKey } from './sqlite-head.js';
import { PUT_LEDGER } from './sqlite-ledger.js';
import { openSqlite } from './sqlite-library.js';
import { createSchema, migrate } from './sqlite-schema.js';

/** Opens and creates `vault.db`; see stores/contract. */
export function sqliteFactory(paths: Paths, files: Files, clock: Clock): StoreFactory {
  const path = paths.database;

  const factory: StoreFactory = {
    exists: async () => files.exists(path),

    async open() {
      files.ensureFolder(paths.data);
      if (!files.check(path)) {
        throw new VaultError('vault_damaged', `there is no vault at ${path}`, { hint: 'vault init' });
      }
      let database: Database;
      try {
        database = openDatabase(path, files);
      } catch (failure) {
        throw asStoreError(failure, path);
      }
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
      files.remove(unfinished);
      files.remove(`${unfinished}-journal`);
      if (!files.create(unfinished, new Uint8Array())) {
        throw new VaultError('vault_permissions', `something keeps coming back at ${unfinished}`, {
          hint: `see what it is: ls -ld ${inQuotes(unfinished)}`,
        });
      }
      try {
        fill(unfinished, files, head);
        ready?.();
      } catch (failure) {
        files.remove(unfinished);
        throw asStoreError(failure, unfinished);
      }
      if (!files.publish(unfinished, path)) {
        throw new VaultError('vault_exists', `there is a vault already at ${path}`, { hint: 'vault list' });
      }
      return factory.open();
    },
  };
  return factory;
}

/** The file exists with mode 0600 before SQLite sees it: SQLite gives its journal the same mode. */
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
      extendTrail({ prepare }, head.entries, null);
    })();
  } finally {
    database.close();
  }
}
