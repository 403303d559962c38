import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locks, StoreFactory, VaultHead } from '../../src/stores/contract.js';
import { sqliteLocks } from '../../src/stores/locks.js';
import { sqliteFactory } from '../../src/stores/sqlite-factory.js';
import { systemClock } from '../../src/system/clock.js';
import type { Files, Paths } from '../../src/system/contract.js';
import { createFiles } from '../../src/system/files.js';
import { resolvePaths } from '../../src/system/paths.js';
import { createHead } from '../../src/vault/keyring.js';

/** A folder in which a vault may be, with the real parts that work on it. */
export interface VaultFolder {
  readonly home: string;
  readonly paths: Paths;
  readonly files: Files;
  readonly factory: StoreFactory;
  readonly locks: Locks;
  /** What a person was told though nothing failed. */
  readonly notices: string[];
  remove(): void;
}

export const MASTER = Buffer.alloc(32, 0x2a);
const MADE = Date.UTC(2026, 0, 1);

/** The head of a vault whose master key is {@link MASTER}. */
export function headExample(): VaultHead {
  return createHead(Buffer.alloc(16, 0x5a), 'file', MASTER, MADE);
}

/** @param home made and removed by the caller; a folder of its own when left out */
export function vaultFolder(home?: string): VaultFolder {
  const folder = home ?? mkdtempSync(join(tmpdir(), 'vault-folder-'));
  const notices: string[] = [];
  const files = createFiles({ uid: process.getuid?.(), pid: process.pid }, (line) => void notices.push(line));
  const paths = resolvePaths({ env: { VAULT_HOME: folder }, platform: process.platform }, null);
  return {
    home: folder,
    paths,
    files,
    factory: sqliteFactory(paths, files, systemClock),
    locks: sqliteLocks(paths.locks, files, systemClock),
    notices,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
