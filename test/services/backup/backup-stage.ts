import { join } from 'node:path';
import { Secret } from '../../../src/domain/secret.js';
import type { BackupDeps } from '../../../src/services/backup/backup.js';
import type { RestoreDeps } from '../../../src/services/backup/restore.js';
import type { Spill } from '../../../src/stores/spill.js';
import { spillFolder } from '../../../src/stores/spill.js';
import { sqliteCopies } from '../../../src/stores/sqlite-copies.js';
import { accountExample } from '../../doubles/account.js';
import type { KeyStage } from '../keys/key-stage.js';
import { ALICE } from '../stage.js';

/** What it takes to back up the vault on a stage, and to restore it there. */
export function depsOf(stage: KeyStage): RestoreDeps & BackupDeps & { readonly spill: Spill } {
  const { paths, files, readNamed, clock } = stage.folder;
  return {
    ...stage.ctx,
    store: stage.access.store,
    database: paths.database,
    present: stage.ctx.keys.current,
    files,
    readNamed,
    folder: paths.data,
    vault: stage.access.open,
    spill: spillFolder({ folder: join(paths.data, 'spill'), files, clock, name: 'own', slots: 16 }),
    copies: sqliteCopies(paths.database, files, clock),
    closeStore: stage.access.close,
    interruption: new AbortController().signal,
    standing: async () => (await (await stage.access.open())?.examine())?.standing ?? null,
  };
}

/** @returns the account's id */
export async function addTo(stage: KeyStage, label: string): Promise<string> {
  const refreshToken = new Secret('refresh-token-example');
  const tokens = { accessToken: new Secret('access-token-example'), refreshToken };
  const vault = await stage.vault();
  const added = await vault.add(accountExample({ label }), {
    ...tokens,
    identity: { ...ALICE, subject: label },
  });
  if (added === null) throw new Error('not added');
  return added.id;
}
