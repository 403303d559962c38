import type { Clock, Files, Paths } from '../system/contract.js';
import type { StoreFactory } from './contract.js';
import { connect } from './sqlite-connection.js';
import { isCurrent } from './sqlite-current.js';
import { openDatabase } from './sqlite-open.js';
import { sqliteStore } from './sqlite-store.js';

export function sqliteFactory(paths: Paths, files: Files, clock: Clock): StoreFactory {
  const path = paths.database;
  const factory: StoreFactory = {
    exists: async () => files.exists(path),

    async open() {
      files.ensureFolder(paths.data);
      const database = await openDatabase(path, files);
      const connection = connect(database, path, clock);
      try {
        if (!(await connection.read(() => isCurrent(database)))) {
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
