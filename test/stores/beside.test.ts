import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectSqlite } from '../../src/stores/inspection.js';
import { spillFolder } from '../../src/stores/spill.js';
import { sqliteCopies } from '../../src/stores/sqlite-copies.js';
import { readOnlyFiles } from '../../src/system/files/read-only.js';
import { headExample, type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

const NAME = '00000000-0000-4000-8000-000000000001';
const BESIDE = ['-journal', '-wal', '-shm'];

let folder: VaultFolder;
let path: string;
let elsewhere: string;
beforeEach(async () => {
  folder = vaultFolder();
  path = folder.paths.database;
  elsewhere = join(folder.home, 'elsewhere');
  mkdirSync(elsewhere, { mode: 0o700 });
});
afterEach(() => folder.remove());

const unsafe = (what: RegExp) =>
  expect.objectContaining({ code: 'vault_permissions', exitCode: 9, message: expect.stringMatching(what) });

/** What a hand can put in the place of a file that SQLite opens by itself. */
const PLANTED: readonly (readonly [string, RegExp, (at: string, target: string) => void])[] = [
  ['a symbolic link', /is not a regular file/, (at, target) => symlinkSync(target, at)],
  ['a hard link', /has a second name/, (at, target) => linkSync(target, at)],
  ['a folder', /is not a regular file/, (at) => mkdirSync(at)],
];

function targetFile(): string {
  const target = join(elsewhere, 'file');
  writeFileSync(target, 'untouched', { mode: 0o600 });
  return target;
}

describe('a file beside a database', () => {
  it.each(BESIDE.flatMap((end) => PLANTED.map((planted) => [end, ...planted] as const)))(
    'under %s that is %s keeps the vault closed',
    async (end, _name, what, plant) => {
      await (await folder.factory.create(headExample())).close();
      const target = targetFile();
      plant(`${path}${end}`, target);
      await expect(folder.factory.open()).rejects.toThrow(unsafe(what));
      const copies = sqliteCopies(path, folder.files, folder.clock);
      await expect(copies.snapshot()).rejects.toThrow(unsafe(what));
      expect(readFileSync(target, 'utf8')).toBe('untouched');
    },
  );

  it.each(BESIDE)('under %s that is a link keeps the doctor from opening the vault', async (end) => {
    await (await folder.factory.create(headExample())).close();
    symlinkSync(targetFile(), `${path}${end}`);
    const looking = readOnlyFiles(process.geteuid?.());
    await expect(inspectSqlite(path, looking, folder.clock)).rejects.toThrow(unsafe(/is not a regular file/));
  });

  it('that others could read is closed to them', async () => {
    await (await folder.factory.create(headExample())).close();
    const journal = `${path}-journal`;
    writeFileSync(journal, '');
    chmodSync(journal, 0o644);
    await (await folder.factory.open()).close();
    expect(folder.notices).toEqual([expect.stringContaining(journal)]);
  });

  it('keeps an unfinished vault and a copy of one closed as well', async () => {
    const target = targetFile();
    linkSync(target, `${path}.new-wal`);
    await expect(folder.factory.create(headExample())).rejects.toThrow(unsafe(/has a second name/));
    expect(folder.files.exists(path)).toBe(false);
    folder.files.remove(`${path}.new-wal`);
    await (await folder.factory.create(headExample())).close();
    const copies = sqliteCopies(path, folder.files, folder.clock);
    const copy = await copies.snapshot();
    linkSync(target, `${copy}-wal`);
    await expect(copies.takeOver(copy)).rejects.toThrow(unsafe(/has a second name/));
    await expect(copies.snapshot()).rejects.toThrow(unsafe(/has a second name/));
    expect(readFileSync(target, 'utf8')).toBe('untouched');
  });

  it.each(PLANTED)('that is %s keeps a lock from being taken', async (_name, what, plant) => {
    await (await folder.locks.acquire(NAME, 0)).release();
    const target = targetFile();
    plant(join(folder.paths.locks, `${NAME}.db-journal`), target);
    await expect(folder.locks.acquire(NAME, 0)).rejects.toThrow(unsafe(what));
    await expect(folder.locks.isFree(NAME)).rejects.toThrow(unsafe(what));
    expect(readFileSync(target, 'utf8')).toBe('untouched');
  });

  it('of a lock that is held appears as busy to another process', async () => {
    const held = await folder.locks.acquire(NAME, 0);
    expect(readdirSync(folder.paths.locks)).toEqual([`${NAME}.db`]);
    await expect(folder.locks.acquire(NAME, 0)).rejects.toMatchObject({ code: 'busy' });
    await held.release();
    await (await folder.locks.acquire(NAME, 0)).release();
  });
});

describe("a link in place of one of the vault's own folders", () => {
  const refusal = unsafe(/is not a folder/);

  it('is not used for locks', async () => {
    symlinkSync(elsewhere, folder.paths.locks);
    await expect(folder.locks.acquire(NAME, 0)).rejects.toThrow(refusal);
    await expect(folder.locks.isFree(NAME)).rejects.toThrow(refusal);
    // One that has been there all along.
    writeFileSync(join(elsewhere, `${NAME}.db`), '', { mode: 0o600 });
    await expect(folder.locks.acquire(NAME, 0)).rejects.toThrow(refusal);
    await expect(folder.locks.isFree(NAME)).rejects.toThrow(refusal);
    expect(statSync(join(elsewhere, `${NAME}.db`)).size).toBe(0);
  });

  it('is not used for marks', async () => {
    const marks = await folder.marks();
    writeFileSync(join(elsewhere, 'place'), 'a mark', { mode: 0o600 });
    symlinkSync(elsewhere, marks.folder);
    expect(() => marks.read('place')).toThrow(refusal);
    expect(() => marks.create('place', Buffer.from('another'))).toThrow(refusal);
    expect(readFileSync(join(elsewhere, 'place'), 'utf8')).toBe('a mark');
  });

  it.each([
    ['to a folder', () => elsewhere],
    ['to a file', targetFile],
    ['to nowhere', () => join(folder.home, 'nowhere')],
  ])('%s is not used for spilled answers', (_where, target) => {
    const { files, clock } = folder;
    const place = join(folder.home, 'spill');
    symlinkSync(target(), place);
    const spill = spillFolder({ folder: place, files, clock, name: 'own', slots: 1 });
    expect(() => spill.find(NAME)).toThrow(refusal);
    expect(() => spill.reserve()).toThrow(refusal);
  });

  it('is not used for one spilled answer, not even to clear it', () => {
    const { files, clock } = folder;
    const place = join(folder.home, 'spill');
    mkdirSync(place, { mode: 0o700 });
    linkSync(targetFile(), join(place, 'another.spill'));
    const spill = spillFolder({ folder: place, files, clock, name: 'own', slots: 1 });
    expect(() => spill.find(NAME)).toThrow(unsafe(/has a second name/));
    expect(() => spill.reserve()).toThrow(unsafe(/has a second name/));
  });
});
