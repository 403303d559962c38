import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { vanishedVault } from '../../src/access/open-failure.js';
import { type VaultAccess, vaultAccess } from '../../src/access/vault-access.js';
import { VaultError } from '../../src/domain/errors.js';
import { keyFileSource } from '../../src/keysources/key-file.js';
import type { StoreFactory } from '../../src/stores/contract.js';
import { readOnlyFs } from '../../src/system/files/read-only.js';
import { type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

let folder: VaultFolder;
let opened: VaultAccess[];
beforeEach(() => {
  folder = vaultFolder(mkdtempSync(join(tmpdir(), 'vanished-')));
  opened = [];
});
afterEach(async () => {
  for (const access of opened) await access.close();
  folder.remove();
});

const source = () => keyFileSource(folder.paths.keyFile, folder.files, folder.paths.keyFile);
const vanished = () => vanishedVault(folder.paths, readOnlyFs);

/** As one process has it. */
function access(factory: StoreFactory = folder.factory): VaultAccess {
  const made = vaultAccess({
    ...folder,
    factory,
    audit: { record: () => {} },
    keySource: async () => source(),
    rememberKeySource: async () => null,
  });
  opened.push(made);
  return made;
}

const GONE = {
  code: 'vault_damaged',
  message: expect.stringMatching(/^a vault was used here, as its mark in .* shows, but /),
  hint: expect.stringMatching(/mount the disk.*\nvault restore FILE\n.*\nvault init$/s),
};

describe('a vault whose database is gone', () => {
  beforeEach(async () => {
    await access().create(source());
    await opened[0]?.close();
    renameSync(folder.paths.database, `${folder.paths.database}.elsewhere`);
  });

  it('is not reported as one that never existed', async () => {
    await expect(access().open()).rejects.toMatchObject(GONE);
    await expect(access().store()).rejects.toMatchObject(GONE);
    await expect(access().openOrCreate()).rejects.toMatchObject(GONE);
    expect(existsSync(folder.paths.database)).toBe(false);
  });

  it('works again once the database is back, also in the same process', async () => {
    const waiting = access();
    await expect(waiting.open()).rejects.toMatchObject(GONE);
    renameSync(`${folder.paths.database}.elsewhere`, folder.paths.database);
    expect(await (await waiting.open())?.examine()).toMatchObject({ standing: 'current' });
  });

  it('is replaced by a new one with init', async () => {
    const fresh = access();
    await fresh.create(source());
    expect(await (await fresh.open())?.examine()).toMatchObject({ standing: 'current' });
  });

  it('is forgotten together with the folder of its marks', async () => {
    rmSync(folder.paths.marks, { recursive: true });
    expect(await access().open()).toBeNull();
  });
});

describe('a place without a vanished vault', () => {
  it('is a folder without marks, or with other files in place of marks', () => {
    expect(vanished()).toBeNull();
    mkdirSync(folder.paths.marks);
    writeFileSync(join(folder.paths.marks, 'README'), '');
    expect(vanished()).toBeNull();
  });

  it('is one where a vault is being made, at each moment of it', async () => {
    const during: unknown[] = [];
    const factory: StoreFactory = {
      ...folder.factory,
      create: (head, ready) =>
        folder.factory.create(head, () => {
          during.push(vanished());
          ready?.();
          during.push(readdirSync(folder.paths.marks).length, vanished());
        }),
    };
    await access(factory).create(source());
    expect(during).toEqual([null, 1, null]);
    expect(vanished()).toBeNull();
  });

  it.each(['before it is whole', 'when it gets its name'])(
    'is one where a vault could not be made, %s',
    async (when) => {
      const full = new VaultError('vault_not_writable', 'the disk is full');
      const factory: StoreFactory = {
        ...folder.factory,
        async create(_, ready) {
          if (when !== 'before it is whole') ready?.();
          throw full;
        },
      };
      await expect(access(factory).openOrCreate()).rejects.toMatchObject({ code: 'vault_not_writable' });
      expect(vanished()).toBeNull();
      expect(await (await access().openOrCreate()).accounts()).toEqual([]);
    },
  );
});
