import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewVaultHead, StoreFactory } from '../../src/stores/contract.js';
import type { Locks } from '../../src/stores/locks.js';
import { sqliteLocks } from '../../src/stores/locks.js';
import type { RollbackMarks } from '../../src/stores/rollback-marks.js';
import { rollbackMarks } from '../../src/stores/rollback-marks.js';
import { sqliteFactory } from '../../src/stores/sqlite-store.js';
import { systemClock } from '../../src/system/clock.js';
import type { Clock, Files, Paths } from '../../src/system/contract.js';
import { createFiles } from '../../src/system/files/files.js';
import { readOnlyFiles } from '../../src/system/files/read-only.js';
import { resolvePaths } from '../../src/system/paths.js';
import { newVault } from '../../src/vault/new-vault.js';

/** A folder in which a vault may be, with the real parts that work on it. */
export interface VaultFolder {
  readonly home: string;
  readonly paths: Paths;
  readonly files: Files;
  /** Reads and changes nothing. */
  readonly readNamed: Files['read'];
  readonly factory: StoreFactory;
  readonly locks: Locks;
  readonly clock: Clock;
  /** Those of a machine called `here`, in this folder. */
  readonly marks: () => Promise<RollbackMarks>;
  readonly notice: (line: string) => void;
  /** What a person was told though nothing failed. */
  readonly notices: string[];
  remove(): void;
}

export const MASTER = Buffer.alloc(32, 0x2a);
const FACTS = {
  vaultId: Buffer.alloc(16, 0x5a),
  source: 'file',
  master: MASTER,
  now: Date.UTC(2026, 0, 1),
};

/** The head of a vault whose master key is {@link MASTER}; nothing is known of it outside its database. */
export function headExample(): NewVaultHead {
  return newVault({ ...FACTS, where: [] }).head;
}

/** The head of a vault that is made in this folder, with its mark in place. */
export async function headOf({ marks }: Pick<VaultFolder, 'marks'>): Promise<NewVaultHead> {
  const own = await marks();
  const { head, mark } = newVault({ ...FACTS, where: own.where });
  own.create(mark.name, mark.bytes);
  return head;
}

/** @param home made and removed by the caller; a folder of its own when left out */
export function vaultFolder(home?: string): VaultFolder {
  const folder = home ?? mkdtempSync(join(tmpdir(), 'vault-folder-'));
  const notices: string[] = [];
  const notice = (line: string) => void notices.push(line);
  const files = createFiles({ uid: process.getuid?.(), pid: process.pid }, notice);
  const paths = resolvePaths({ env: { VAULT_HOME: folder }, platform: process.platform }, null);
  return {
    home: folder,
    paths,
    files,
    readNamed: readOnlyFiles(process.getuid?.()).read,
    factory: sqliteFactory(paths, files, systemClock),
    locks: sqliteLocks(paths.locks, files, systemClock),
    clock: systemClock,
    marks: async () => rollbackMarks(paths.marks, ['here', folder], files),
    notice,
    notices,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
