import { resolve } from 'node:path';
import type { Context } from '../context.js';
import type { BackupUseCases } from '../services/backup/backup.js';
import type { RestoreDeps } from '../services/backup/restore.js';

/* The use cases that back up and restore the vault, until the commands call them. */

export function backupUseCases(ctx: Context): BackupUseCases {
  const { paths, files, clock, access } = ctx;

  async function parts() {
    const [{ sqliteCopies }, { readOnlyFiles }] = await Promise.all([
      import('../stores/sqlite-copies.js'),
      import('../system/files/read-only.js'),
    ]);
    const readNamed = readOnlyFiles(ctx.host.uid).read;
    const copies = sqliteCopies(paths.database, files, clock);
    const present = ctx.keys.current;
    return {
      ...ctx,
      store: access.store,
      database: paths.database,
      present,
      readNamed,
      copies,
      spill: await ctx.spill(),
    };
  }

  async function restoring(): Promise<RestoreDeps> {
    return {
      ...(await parts()),
      folder: paths.data,
      closeStore: access.close,
      async standing() {
        const vault = await access.open();
        return vault === null ? null : (await vault.examine()).standing;
      },
    };
  }

  return {
    async backup({ file, force }) {
      const { backUp } = await import('../services/backup/backup.js');
      return backUp(await parts(), resolve(file), force);
    },

    async planRestore(file) {
      const { planRestore } = await import('../services/backup/restore.js');
      return planRestore(await restoring(), resolve(file));
    },

    async restore(file) {
      const { restore } = await import('../services/backup/restore.js');
      return restore(await restoring(), resolve(file));
    },
  };
}
