import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { backUp } from '../../../src/services/backup/backup.js';
import { planRestore, restore } from '../../../src/services/backup/restore.js';
import { rotateKey } from '../../../src/services/keys/rotate-master.js';
import { openSqlite } from '../../../src/stores/sqlite-open.js';
import { tamper } from '../../harness/tamper.js';
import { type KeyTest, keyTest } from '../keys/key-test.js';

let stage: KeyTest;
let file: string;
beforeEach(async () => {
  stage = await keyTest();
  file = join(stage.folder, 'backup');
});
afterEach(() => stage.close());

const deps = (of: KeyTest = stage) => of.ctx;
const open = (of: KeyTest = stage) => of.vault();
const add = (label: string) => stage.addLabelled(label);

const labels = async (of: KeyTest = stage) => (await (await open(of)).accounts()).map(({ label }) => label);
const beside = () => readdirSync(stage.folder).filter((name) => /^vault\.db\./.test(name));

describe('a backup', () => {
  it('is one private file in which every account opens, with nothing left beside it', async () => {
    await add('alice');
    const made = await backUp(deps(), { file, force: false });
    expect(made).toMatchObject({ file, accounts: 1, unopened: null, bytes: statSync(file).size });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(beside()).toEqual([]);
    expect(stage.events.map(({ event }) => event)).toContain('backed_up');
  });

  it('is queued for the trail with its proof, so the vault is not newer than it', async () => {
    await add('alice');
    await stage.ctx.access.close();
    await backUp(deps(), { file, force: false });
    expect((await stage.trail()).map(({ event }) => event)).not.toContain('backed_up');
    expect(await restore(deps(), file)).toMatchObject({ standing: 'current' });
    await add('bob');
    expect((await stage.trail()).find(({ event }) => event === 'backed_up')).not.toHaveProperty('unproved');
  });

  it('is refused before anything is copied if its folder does not exist', async () => {
    const folder = join(stage.folder, 'none');
    await expect(backUp(deps(), { file: join(folder, 'backup'), force: false })).rejects.toMatchObject({
      code: 'vault_not_writable',
      message: `${join(folder, 'backup')} cannot be created: the folder ${folder} does not exist`,
    });
    expect(existsSync(folder)).toBe(false);
  });

  it('replaces nothing unless that is requested', async () => {
    writeFileSync(file, 'mine', { mode: 0o600 });
    await expect(backUp(deps(), { file, force: false })).rejects.toMatchObject({ code: 'vault_exists' });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    await backUp(deps(), { file, force: true });
    expect(readFileSync(file).subarray(0, 15).toString()).toBe('SQLite format 3');
  });

  it('is made without the key too, and says that no account was opened', async () => {
    await add('alice');
    stage.keychain.fail('locked');
    expect(await backUp(deps(), { file, force: false })).toMatchObject({
      accounts: 1,
      unopened: { code: 'key_locked' },
    });
  });

  it('is not made of an altered vault', async () => {
    await add('alice');
    tamper(stage.paths.database, 'UPDATE accounts SET refresh_token = zeroblob(60)');
    await expect(backUp(deps(), { file, force: false })).rejects.toMatchObject({ code: 'vault_damaged' });
    expect(existsSync(file)).toBe(false);
    expect(beside()).toEqual([]);
  });
});

describe('restoring', () => {
  it('keeps the current vault, and refreshes nothing before it is accepted', async () => {
    await add('alice');
    await backUp(deps(), { file, force: false });
    await add('bob');
    const watching = await open();
    expect(await planRestore(deps(), file)).toMatchObject({ accounts: 1, replaces: { accounts: 2 } });
    const { kept, standing } = await restore(deps(), file);
    expect(standing).toBe('rolled_back');
    expect(stage.events).toContainEqual({ event: 'integrity_alarm', code: 'vault_rolled_back' });
    expect(await labels()).toEqual(['alice']);
    await expect((await open()).requireCurrent()).rejects.toMatchObject({ code: 'vault_rolled_back' });
    expect(watching).not.toBe(await open());
    const clock = { ...stage.ctx.clock, now: () => 0 };
    const again = await restore({ ...deps(), clock }, kept ?? '');
    expect(await labels()).toEqual(['alice', 'bob']);
    const third = await restore({ ...deps(), clock }, file);
    expect([again.kept, third.kept].map((path) => path?.replace(/.*\./, ''))).toEqual([
      'replaced-19700101T000000Z',
      'replaced-19700101T000000Z-2',
    ]);
    await restore(deps(), third.kept ?? '');
    expect(await labels()).toEqual(['alice', 'bob']);
  });

  it('is recorded in the trail of the restored vault, and in no other', async () => {
    await add('alice');
    await backUp(deps(), { file, force: false });
    await add('bob');
    const restored = async () => (await stage.trail()).filter(({ event }) => event === 'restored');
    await planRestore(deps(), file);
    expect(await restored()).toEqual([]);
    await restore(deps(), file);
    const entries = await restored();
    expect(entries).toMatchObject([{ replaced: true }]);
    expect(entries[0]).not.toHaveProperty('unproved');
    expect(stage.log().find(({ event }) => event === 'restored')?.id).toBe(entries[0]?.id);
    expect((await (await open()).verifyTrail()).fault).toBeNull();
    const again = openSqlite(file, stage.files);
    expect(again.prepare("SELECT 1 FROM audit WHERE body LIKE '%restored%'").get()).toBeUndefined();
    again.close();
  });

  it('leaves no entry if it fails on the way', async () => {
    await backUp(deps(), { file, force: false });
    const copies = await deps().copies();
    const takeOver = () => Promise.reject(new VaultError('vault_not_writable', 'the disk is full'));
    const failing = restore({ ...deps(), copies: async () => ({ ...copies, takeOver }) }, file);
    await expect(failing).rejects.toMatchObject({ code: 'vault_not_writable' });
    expect((await stage.trail()).map(({ event }) => event)).not.toContain('restored');
    expect(stage.log().map(({ event }) => event)).not.toContain('restored');
  });

  it('is recorded unproved if the key of the backup is missing', async () => {
    await backUp(deps(), { file, force: false });
    stage.keychain.fail('locked');
    await restore(deps(), file);
    stage.keychain.fail(null);
    await add('alice');
    expect((await stage.trail()).find(({ event }) => event === 'restored')).toMatchObject({ unproved: true });
  });

  it('is noticed by a process that has the vault open', async () => {
    await add('alice');
    await backUp(deps(), { file, force: false });
    await add('bob');
    const other = await stage.factory.open();
    expect(await other.accounts()).toHaveLength(2);
    await restore(deps(), file);
    expect((await other.accounts()).map(({ label }) => label)).toEqual(['alice']);
    await other.close();
  });

  it('replaces a file that is not a vault, whatever a dead process left beside it', async () => {
    await add('alice');
    await backUp(deps(), { file, force: false });
    await stage.ctx.access.close();
    const { database } = stage.paths;
    truncateSync(database, 100);
    writeFileSync(`${database}-journal`, 'left behind', { mode: 0o600 });
    await restore(deps(), file);
    expect(await labels()).toEqual(['alice']);
    expect(existsSync(`${database}-journal`)).toBe(false);
  });

  it('replaces another vault as a whole, which is kept completely', async () => {
    await add('alice');
    await backUp(deps(), { file, force: false });
    const other = await keyTest();
    const { kept, unopened } = await restore(deps(other), file);
    expect(unopened).toMatchObject({ code: 'key_missing' });
    expect(await labels(other)).toEqual(['alice']);
    expect(existsSync(kept ?? '')).toBe(true);
    await other.close();
  });

  it('continues with the key of a backup from before the last key change', async () => {
    await backUp(deps(), { file, force: false });
    await rotateKey(stage.ctx, null);
    expect(await planRestore(deps(), file)).toMatchObject({ unopened: { code: 'key_missing' } });
  });
});

it('creates the vault on a machine without one', async () => {
  await add('alice');
  await backUp(deps(), { file, force: false });
  await stage.ctx.access.close();
  execFileSync('rm', [stage.paths.database]);
  expect(await planRestore(deps(), file)).toMatchObject({ replaces: null });
  expect(await restore(deps(), file)).toMatchObject({ kept: null, accounts: 1 });
  expect(await labels()).toEqual(['alice']);
});
