import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Store } from '../../src/stores/contract.js';
import { inspectSqlite } from '../../src/stores/inspection.js';
import { sqliteFactory } from '../../src/stores/sqlite-store.js';
import { systemClock } from '../../src/system/clock.js';
import { createFiles } from '../../src/system/files/files.js';
import { readOnlyFiles } from '../../src/system/files/read-only.js';
import { step } from '../doubles/ledger.js';
import { sealedExample } from '../doubles/sealed-account.js';
import { headExample, type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

let folder: VaultFolder;
let path: string;
beforeEach(() => {
  folder = vaultFolder();
  path = folder.paths.database;
});
afterEach(() => folder.remove());

const unsafe = expect.objectContaining({
  code: 'vault_permissions',
  exitCode: 9,
  hint: expect.stringContaining('vault.db'),
});

/** Whoever opens this pipe need not wait for its other end, which nothing could interrupt. */
function heldPipe(at: string): void {
  expect(spawnSync('mkfifo', ['-m', '600', at]).status).toBe(0);
  const end = openSync(at, 'r+');
  onTestFinished(() => closeSync(end));
}

describe('in place of the vault', () => {
  let elsewhere: string;
  beforeEach(async () => {
    await (await folder.factory.create(headExample())).close();
    elsewhere = join(folder.home, 'elsewhere');
    renameSync(path, elsewhere);
  });

  it.each([
    ['a symbolic link', () => symlinkSync(elsewhere, path)],
    ['a hard link', () => linkSync(elsewhere, path)],
    ['a link to nowhere', () => symlinkSync(join(folder.home, 'nowhere'), path)],
    ['a folder', () => mkdirSync(path)],
    ['a pipe', () => expect(spawnSync('mkfifo', [path]).status).toBe(0)],
  ])('%s is neither opened nor followed', async (_name, plant) => {
    const before = readFileSync(elsewhere);
    plant();
    const there = readdirSync(folder.home);
    await expect(folder.factory.open()).rejects.toThrow(unsafe);
    await expect(folder.factory.create(headExample())).rejects.toThrow(
      expect.objectContaining({ code: 'vault_exists' }),
    );
    expect(readFileSync(elsewhere).equals(before)).toBe(true);
    expect(readdirSync(folder.home)).toEqual(there);
  });

  it.each([
    ['a folder', () => mkdirSync(path)],
    ['a link to nowhere', () => symlinkSync(join(folder.home, 'nowhere'), path)],
    ['a pipe', () => heldPipe(path)],
  ])('%s is not opened by the doctor either, and is reported as what it is', async (_name, plant) => {
    plant();
    const inspected = inspectSqlite(path, readOnlyFiles(process.geteuid?.()), systemClock);
    await expect(inspected).rejects.toMatchObject({
      code: 'vault_permissions',
      message: `${path} is not a regular file`,
    });
  });

  it('a file of another user is not opened', async () => {
    renameSync(elsewhere, path);
    const files = createFiles({ uid: (process.getuid?.() ?? 0) + 1, pid: process.pid }, () => {});
    await expect(sqliteFactory(folder.paths, files, systemClock).open()).rejects.toMatchObject({
      code: 'vault_permissions',
      message: expect.stringContaining('belongs to another user'),
    });
  });

  it('a file of ours that others could read is closed to them, with a notice', async () => {
    renameSync(elsewhere, path);
    chmodSync(path, 0o644);
    await (await folder.factory.open()).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(folder.notices).toEqual([expect.stringContaining(path)]);
  });
});

/** Mounts a small file system of its own over the folder; null where that may not be done. */
function mountSmall(
  over: string,
): { readonly remount: (options: string) => void; readonly unmount: () => void } | null {
  const run = (program: string, ...args: string[]) =>
    spawnSync(program, args, { stdio: 'ignore' }).status === 0;
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null;
  if (!run('mount', '-t', 'tmpfs', '-o', 'size=256k,mode=700', 'tmpfs', over)) return null;
  return {
    remount: (options) => expect(run('mount', '-o', `remount,${options}`, over)).toBe(true),
    unmount: () => expect(run('umount', '-l', over)).toBe(true),
  };
}

describe('on a disk that takes no more writes', () => {
  const unwritable = (why: string) =>
    expect.objectContaining({
      code: 'vault_not_writable',
      exitCode: 9,
      message: expect.stringContaining(why),
      hint: expect.stringContaining('df '),
    });
  let mounted: ReturnType<typeof mountSmall>;
  beforeEach((context) => {
    mounted = mountSmall(folder.home);
    if (mounted === null) context.skip('needs root on Linux, to mount a small file system');
  });
  afterEach(() => mounted?.unmount());

  /** Leaves not a byte free. */
  const fill = () => {
    for (const size of [65_536, 4_096, 512]) {
      for (let n = 0; ; n += 1) {
        try {
          writeFileSync(join(folder.home, `filler-${size}-${n}`), Buffer.alloc(size));
        } catch {
          break;
        }
      }
    }
  };

  const expectRead = async (store: Store) => {
    expect(await store.account(sealedExample(1).id)).toEqual(sealedExample(1));
    expect(await store.accounts()).toHaveLength(1);
  };

  it('because it is full, only writes fail, until there is space again', async () => {
    const store = await folder.factory.create(headExample());
    await store.insert(sealedExample(1), step);
    fill();
    const big = {
      ...sealedExample(2),
      sealed: { ...sealedExample(2).sealed, identity: Buffer.alloc(8_000) },
    };
    await expect(store.insert(big, step)).rejects.toThrow(unwritable('the disk is full'));
    await expect(store.insert(big, step)).rejects.toMatchObject({ hint: `df -h '${folder.home}'` });
    await expectRead(store);
    const other = await folder.factory.open();
    await expectRead(other);
    await other.close();
    for (const name of readdirSync(folder.home))
      if (name.startsWith('filler')) rmSync(join(folder.home, name));
    expect(await store.insert(big, step)).toBe(true);
    await store.close();
  });

  it('because it is full, no vault is made, and no part of one is left', async () => {
    fill();
    const before = readdirSync(folder.home);
    await expect(folder.factory.create(headExample())).rejects.toThrow(
      expect.objectContaining({ code: 'vault_not_writable' }),
    );
    expect(readdirSync(folder.home)).toEqual(before);
  });

  it('because it is read-only, writes and locks fail and reads do not', async () => {
    const made = await folder.factory.create(headExample());
    await made.insert(sealedExample(1), step);
    await made.close();
    mounted?.remount('ro');
    const store = await folder.factory.open();
    await expectRead(store);
    await expect(store.insert(sealedExample(2), step)).rejects.toThrow(unwritable('it is read-only'));
    await expectRead(store);
    await store.close();
    await expect(folder.locks.acquire('vault', 0)).rejects.toThrow(
      unwritable('the file system is read-only'),
    );
    mounted?.remount('rw');
    await (await folder.locks.acquire('vault', 0)).release();
    mounted?.remount('ro');
    // The lock that is there already must not be had either: on a read-only file it would exclude nobody.
    await expect(folder.locks.acquire('vault', 0)).rejects.toThrow(unwritable('it is read-only'));
  });
});
