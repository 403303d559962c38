import { join } from 'node:path';
import { Secret } from '../../../src/domain/secret.js';
import type { BackupContext } from '../../../src/services/backup/backup.js';
import type { RestoreContext } from '../../../src/services/backup/restore.js';
import { spillFolder } from '../../../src/stores/spill.js';
import { sqliteCopies } from '../../../src/stores/sqlite-copies.js';
import { accountExample } from '../../doubles/account.js';
import type { KeyStage } from '../keys/key-stage.js';
import { ALICE } from '../stage.js';

/** The context for backing up the vault on a stage, and for restoring it there. */
export function backupContext(stage: KeyStage): BackupContext & RestoreContext {
  const { paths, files, readNamed, clock } = stage.folder;
  const spill = spillFolder({ folder: join(paths.data, 'spill'), files, clock, name: 'own', slots: 16 });
  return {
    ...stage.ctx,
    access: stage.access,
    files,
    paths,
    clock,
    readNamed: async (path, limit) => readNamed(path, limit),
    vault: stage.access.open,
    spill: async () => spill,
    copies: async () => sqliteCopies(paths.database, files, clock),
    interruption: new AbortController().signal,
  };
}

/** @returns the account's id */
export async function addTo(stage: KeyStage, label: string): Promise<string> {
  const refreshToken = new Secret('refresh-token-example');
  const tokens = { accessToken: new Secret('access-token-example'), refreshToken, idToken: null };
  const vault = await stage.vault();
  const added = await vault.add(accountExample({ label }), {
    ...tokens,
    identity: { ...ALICE, subject: label },
  });
  if (added === null) throw new Error('not added');
  return added.id;
}
