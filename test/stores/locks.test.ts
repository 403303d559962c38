import { linkSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteLocks } from '../../src/stores/locks.js';
import { clockDouble } from '../doubles/clock.js';
import { startActor, withActors } from '../harness/actor.js';
import { needs } from '../harness/parts.js';
import { type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

const NAME = '00000000-0000-4000-8000-000000000001';
const PATIENT = 10_000;

let folder: VaultFolder;
beforeEach(() => {
  folder = vaultFolder();
});
afterEach(() => folder.remove());

const busy = expect.objectContaining({ code: 'busy', exitCode: 10, hint: expect.stringContaining('pgrep') });

describe('a lock', () => {
  it('is held by one at a time within one process, then by the next', async () => {
    const first = await folder.locks.acquire(NAME, 0);
    await expect(folder.locks.acquire(NAME, 0)).rejects.toThrow(busy);
    const waiting = folder.locks.acquire(NAME, PATIENT);
    await first.release();
    const second = await waiting;
    await expect(folder.locks.acquire(NAME, 0)).rejects.toThrow(busy);
    await second.release();
    await (await folder.locks.acquire(NAME, 0)).release();
  });

  it('names what it holds: an account, or the vault as a whole', async () => {
    for (const [name, what] of [
      [NAME, 'this account'],
      ['vault', 'the vault'],
    ] as const) {
      const lock = await folder.locks.acquire(name, 0);
      await expect(folder.locks.acquire(name, 0)).rejects.toThrow(
        `another process holds ${what} and did not`,
      );
      await lock.release();
    }
  });

  it('can be checked without being taken or made', async () => {
    expect(await folder.locks.isFree(NAME)).toBe(true);
    expect(folder.files.exists(folder.paths.locks)).toBe(false);
    const lock = await folder.locks.acquire(NAME, 0);
    expect(await folder.locks.isFree(NAME)).toBe(false);
    await lock.release();
    expect(await folder.locks.isFree(NAME)).toBe(true);
    await (await folder.locks.acquire(NAME, 0)).release();
  });

  it('does not affect other locks', async () => {
    const locks = await Promise.all(
      [NAME, NAME.replace('1', '2'), 'vault'].map((name) => folder.locks.acquire(name, 0)),
    );
    expect(readdirSync(folder.paths.locks).filter((name) => name.endsWith('.db'))).toHaveLength(3);
    for (const lock of locks) await lock.release();
  });

  it('may be released twice, and its file stays', async () => {
    const lock = await folder.locks.acquire(NAME, 0);
    const { ino } = statSync(join(folder.paths.locks, `${NAME}.db`));
    await lock.release();
    await lock.release();
    await (await folder.locks.acquire(NAME, 0)).release();
    expect(statSync(join(folder.paths.locks, `${NAME}.db`)).ino).toBe(ino);
    expect(readdirSync(folder.paths.locks)).toEqual([`${NAME}.db`]);
  });

  it('is waited for with growing pauses until the time is over', async () => {
    const clock = clockDouble(0);
    const locks = sqliteLocks(folder.paths.locks, folder.files, clock);
    const lock = await locks.acquire(NAME, 0);
    await expect(locks.acquire(NAME, 5_000)).rejects.toThrow(busy);
    expect(clock.now()).toBeGreaterThanOrEqual(5_000);
    expect(clock.now()).toBeLessThan(5_100);
    expect(clock.slept[0]).toBeLessThan(10);
    expect(Math.max(...clock.slept)).toBeLessThanOrEqual(75);
    await lock.release();
  });

  it('is waited for equally long if the time of day jumps', async () => {
    const clock = clockDouble(0);
    const leaping = { ...clock, now: () => clock.now() * 1_000 };
    const locks = sqliteLocks(folder.paths.locks, folder.files, leaping);
    const lock = await locks.acquire(NAME, 0);
    await expect(locks.acquire(NAME, 5_000)).rejects.toThrow(busy);
    expect(clock.elapsed()).toBeGreaterThanOrEqual(5_000);
    await lock.release();
  });

  it('is not acquired once the signal is aborted', async () => {
    const reason = new Error('interrupted');
    const aborting = new AbortController();
    const lock = await folder.locks.acquire(NAME, 0);
    const waiting = folder.locks.acquire(NAME, PATIENT, aborting.signal);
    aborting.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await lock.release();
    await expect(folder.locks.acquire(NAME, 0, aborting.signal)).rejects.toBe(reason);
    await (await folder.locks.acquire(NAME, 0)).release();
  });

  it.each(['../elsewhere', 'a/b', '', '.', 'a.b', 'x'.repeat(65), 'name\0'])(
    'is never made under a name like %j',
    async (name) => {
      await expect(folder.locks.acquire(name, 0)).rejects.toThrow(
        expect.objectContaining({ code: 'vault_damaged' }),
      );
      expect(readdirSync(folder.home)).toEqual([]);
    },
  );
});

describe('a lock between processes', () => {
  const ask = { name: NAME, patience: 0 };

  it('is held by one at a time, and the next has it as soon as it is released', async (context) => {
    needs(context, 'the built command line');
    await withActors(2, async ([one, two]) => {
      const given = { ...ask, home: folder.home };
      await one?.ask('hold', given);
      await expect(two?.ask('hold', given)).rejects.toThrow(expect.objectContaining({ code: 'busy' }));
      await expect(folder.locks.acquire(NAME, 0)).rejects.toThrow(busy);
      const waiting = two?.ask('hold', { ...given, patience: PATIENT });
      await one?.ask('release', given);
      expect(await waiting).toBe(true);
      await expect(folder.locks.acquire(NAME, 0)).rejects.toThrow(busy);
    });
  });

  it('is freed by the kernel when its holder is killed', async (context) => {
    needs(context, 'the built command line');
    const holder = await startActor();
    await holder.ask('hold', { ...ask, home: folder.home });
    const waiting = folder.locks.acquire(NAME, PATIENT);
    await holder.kill();
    await (await waiting).release();
    expect(readdirSync(folder.paths.locks)).toEqual([`${NAME}.db`]);
  });

  it('is kept by its holder while its file is checked', async (context) => {
    needs(context, 'the built command line');
    const lock = await folder.locks.acquire(NAME, 0);
    const path = join(folder.paths.locks, `${NAME}.db`);
    expect([
      folder.files.check(path),
      folder.files.exists(path),
      folder.files.create(path, new Uint8Array()),
    ]).toEqual([true, true, false]);
    await expect(folder.locks.acquire(NAME, 0)).rejects.toThrow(busy);
    await withActors(1, async ([other]) => {
      await expect(other?.ask('hold', { ...ask, home: folder.home })).rejects.toThrow(
        expect.objectContaining({ code: 'busy' }),
      );
      await lock.release();
      expect(await other?.ask('hold', { ...ask, home: folder.home })).toBe(true);
    });
  });
});

describe('in place of a lock', () => {
  let path: string;
  let elsewhere: string;
  beforeEach(() => {
    mkdirSync(folder.paths.locks, { mode: 0o700 });
    path = join(folder.paths.locks, `${NAME}.db`);
    elsewhere = join(folder.home, 'elsewhere');
  });

  it.each([
    ['a symbolic link', () => symlinkSync(elsewhere, path)],
    ['a hard link', () => linkSync(elsewhere, path)],
    ['a folder', () => mkdirSync(path)],
  ])('%s is refused, and nothing is written to its target', async (_name, plant) => {
    writeFileSync(elsewhere, 'not a lock', { mode: 0o600 });
    plant();
    await expect(folder.locks.acquire(NAME, 0)).rejects.toThrow(
      expect.objectContaining({ code: 'vault_permissions', hint: expect.stringContaining(path) }),
    );
    expect(statSync(elsewhere).size).toBe('not a lock'.length);
  });

  it('a link to a missing file makes nothing', async () => {
    symlinkSync(elsewhere, path);
    await expect(folder.locks.acquire(NAME, 0)).rejects.toThrow(
      expect.objectContaining({ code: 'vault_permissions' }),
    );
    expect(readdirSync(folder.home)).toEqual(['locks']);
  });

  it('an overwritten lock file is reported with a safe remedy', async () => {
    writeFileSync(path, 'not a database '.repeat(100), { mode: 0o600 });
    const failure = await folder.locks.acquire(NAME, 0).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'vault_damaged', hint: expect.stringContaining(`rm '${path}'`) });
    rmSync(path);
    await (await folder.locks.acquire(NAME, 0)).release();
  });
});
