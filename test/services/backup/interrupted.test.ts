import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { backUp } from '../../../src/services/backup/backup.js';
import { planRestore, type RestoreContext, restore } from '../../../src/services/backup/restore.js';
import { type KeyTest, keyTest } from '../keys/key-test.js';

let stage: KeyTest;
let file: string;
let stop: AbortController;
beforeEach(async () => {
  stage = await keyTest();
  file = join(stage.folder, 'backup');
  stop = new AbortController();
  await stage.addLabelled('alice');
});
afterEach(() => stage.close());

const reason = new VaultError('interrupted', 'interrupted');
const deps = () => ({ ...stage.ctx, interruption: stop.signal });
const beside = () => readdirSync(stage.folder).filter((name) => /^vault\.db\./.test(name));
const labels = async () => (await (await stage.vault()).accounts()).map(({ label }) => label);
const soon = () => void setImmediate(() => stop.abort(reason));

/** A step that is interrupted while it is under way, by a signal that nothing in it looks at. */
function during<Arguments extends unknown[], Result>(step: (...given: Arguments) => Promise<Result>) {
  return async (...given: Arguments): Promise<Result> => {
    const done = await step(...given);
    stop.abort(reason);
    return done;
  };
}

describe('a backup that is interrupted', () => {
  it.each(['snapshot', 'open'] as const)('during its %s has no name yet and leaves nothing', async (step) => {
    const copies = await deps().copies();
    const changed = { ...copies, [step]: during(copies[step] as (copy?: string) => Promise<unknown>) };
    await expect(backUp({ ...deps(), copies: async () => changed }, { file, force: false })).rejects.toBe(
      reason,
    );
    expect([existsSync(file), beside()]).toEqual([false, []]);
  });

  it('notices it during synchronous work, and keeps the file it was to replace', async () => {
    writeFileSync(file, 'mine', { mode: 0o600 });
    const copies = await deps().copies();
    const open: typeof copies.open = (copy) => {
      soon();
      return copies.open(copy);
    };
    await expect(
      backUp({ ...deps(), copies: async () => ({ ...copies, open }) }, { file, force: true }),
    ).rejects.toBe(reason);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('is complete once it has its name', async () => {
    const { files } = deps();
    const create: typeof files.create = (path, content) => {
      const made = files.create(path, content);
      stop.abort(reason);
      return made;
    };
    expect(await backUp({ ...deps(), files: { ...files, create } }, { file, force: false })).toMatchObject({
      accounts: 1,
    });
  });

  it('no longer waits for a lock', async () => {
    const lock = await stage.locks.acquire('vault', 0);
    soon();
    await expect(backUp(deps(), { file, force: false })).rejects.toBe(reason);
    await lock.release();
  });
});

describe('restoring that is interrupted', () => {
  const changedOn = (step: 'snapshot' | 'open' | 'takeOver'): RestoreContext => ({
    ...deps(),
    async copies() {
      const copies = await deps().copies();
      return { ...copies, [step]: during(copies[step] as (copy?: string) => Promise<unknown>) };
    },
  });

  beforeEach(async () => {
    await backUp(stage.ctx, { file, force: false });
    await stage.addLabelled('bob');
  });

  it.each(['open', 'snapshot'] as const)('before the vault is replaced changes nothing: %s', async (step) => {
    await expect(restore(changedOn(step), file)).rejects.toBe(reason);
    expect([await labels(), beside()]).toEqual([['alice', 'bob'], []]);
    expect(stage.log().map(({ event }) => event)).not.toContain('restored');
  });

  it('while it examines the backup stops', async () => {
    await expect(planRestore(changedOn('open'), file)).rejects.toBe(reason);
    expect(beside()).toEqual([]);
  });

  it('while it waits for an account ends the wait', async () => {
    const [alice] = await (await stage.vault()).accounts();
    const lock = await stage.locks.acquire(alice?.id ?? '', 0);
    const { locks } = deps();
    const acquire: typeof locks.acquire = (name, ...rest) => {
      if (name === alice?.id) soon();
      return locks.acquire(name, ...rest);
    };
    await expect(restore({ ...deps(), locks: { ...locks, acquire } }, file)).rejects.toBe(reason);
    await lock.release();
    expect([await labels(), beside()]).toEqual([['alice', 'bob'], []]);
  });

  it('after the vault was replaced completes, and reports the vault’s state', async () => {
    expect(await restore(changedOn('takeOver'), file)).toMatchObject({ standing: 'rolled_back' });
    expect(await labels()).toEqual(['alice']);
    stop = new AbortController();
    const vault = () => (stop.signal.aborted ? Promise.reject(reason) : stage.ctx.access.open());
    const again = await restore({ ...changedOn('takeOver'), vault }, file);
    expect(again).toMatchObject({ accounts: 1, standing: null });
  });
});
