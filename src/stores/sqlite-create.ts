import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Files } from '../system/contract.js';
import type { NewVaultHead } from './contract.js';
import { PUT_LEDGER, prepareForWriting, transaction } from './sqlite-commit.js';
import { asStoreError } from './sqlite-failure.js';
import { insertMasterKey } from './sqlite-keys.js';
import { extendTrail } from './sqlite-ledger.js';
import { openSqlite } from './sqlite-open.js';
import { createSchema } from './sqlite-schema.js';

/** @throws VaultError as `StoreFactory.create` */
export function createDatabase(path: string, files: Files, head: NewVaultHead, ready?: () => void): void {
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
}

function fill(path: string, files: Files, head: NewVaultHead): void {
  const database = openSqlite(path, files);
  try {
    prepareForWriting(database);
    transaction(database, 'BEGIN', () => {
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
    });
  } finally {
    database.close();
  }
}

/**
 * Creates an empty private file for SQLite, and replaces a leftover one. SQLite gives its journal the same mode.
 *
 * @throws VaultError `vault_permissions`, `vault_not_writable`
 */
export function createEmpty(path: string, files: Pick<Files, 'create' | 'remove'>): void {
  removeDatabase(path, files);
  if (files.create(path, new Uint8Array())) return;
  throw new VaultError('vault_permissions', `another process keeps creating ${path}`, {
    hint: `to see what it is: ls -ld ${inQuotes(path)}`,
  });
}

/** Removes a database that no process has open, and its journal. */
export function removeDatabase(path: string, files: Pick<Files, 'remove'>): void {
  files.remove(path);
  files.remove(`${path}-journal`);
}
