import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { addKey } from '../../../src/services/keys/add.js';
import { exportKey, importKey } from '../../../src/services/keys/recovery.js';
import { removeKey } from '../../../src/services/keys/remove.js';
import { rotateKey } from '../../../src/services/keys/rotate-master.js';
import { useKey } from '../../../src/services/keys/status.js';
import { rollbackMarks } from '../../../src/stores/rollback-marks.js';
import { type KeyTest, keyTest, recoveryFile, type Told } from './key-test.js';

let stage: KeyTest;
let file: string;
beforeEach(async () => {
  stage = await keyTest();
  file = join(stage.folder, 'recovery');
});
afterEach(() => stage.close());

const names = (lines: readonly Told[]) => lines.map(({ event }) => event);
const ids = (lines: readonly Told[]) => lines.map(({ id }) => id);

/** Follows the chain, with the key that is in use now. */
async function verified() {
  await stage.ctx.access.close();
  const report = await (await stage.ctx.access.open())?.verifyTrail();
  return { fault: report?.fault, unproved: report?.unproved };
}
const WHOLE = { fault: null, unproved: 0 };
const BORN = ['vault_created', 'configuration_changed'];

describe('the trail of a vault', () => {
  it('begins when it is made, proved, under the ids of the security log', async () => {
    const lines = await stage.trail();
    expect(lines).toMatchObject([
      { event: 'vault_created', key_source: 'keychain' },
      { event: 'configuration_changed', what: 'key_source' },
    ]);
    expect(lines[0]).not.toHaveProperty('unproved');
    expect(ids(stage.log())).toEqual(ids(lines));
    expect(await verified()).toEqual(WHOLE);
  });

  it('and the security log have each change of the keys, in order', async () => {
    await addKey(stage.ctx, stage.fromFile);
    await rotateKey(stage.ctx, null);
    await exportKey(stage.recovering(), recoveryFile(file));
    await useKey(stage.ctx, stage.fromFile);
    stage.use(stage.fromFile);
    await removeKey(stage.ctx, 'keychain');
    truncateSync(stage.keyFile);
    await importKey(stage.recovering(), recoveryFile(file), stage.fromKeychain);
    stage.use(stage.fromKeychain);
    const lines = await stage.trail();
    expect(names(lines)).toEqual([
      ...BORN,
      'key_added',
      'key_rotated',
      'key_exported',
      'key_chosen',
      'configuration_changed',
      'key_removed',
      'key_imported',
    ]);
    expect(lines.filter((line) => 'unproved' in line)).toEqual([]);
    expect(ids(stage.log())).toEqual(ids(lines));
    expect(await verified()).toEqual(WHOLE);
  });

  it('has no entry for a setting that did not change', async () => {
    await useKey(stage.with({ remember: async () => null }), stage.fromKeychain);
    expect(names(await stage.trail())).toEqual([...BORN, 'key_chosen']);
  });
});

describe('a change of keys that failed', () => {
  const refusing = { code: 'busy' };

  it.each([
    ['adding', () => addKey(stage.withStore({ addMasterKey: async () => false }), stage.fromFile), refusing],
    ['rotating', () => rotateKey(stage.withStore({ exchangeMasterKey: async () => false }), null), refusing],
    [
      'rotating, when the disk is full',
      () => {
        const full = new VaultError('vault_not_writable', 'the disk is full');
        return rotateKey(stage.withStore({ exchangeMasterKey: () => Promise.reject(full) }), null);
      },
      { code: 'vault_not_writable' },
    ],
  ])('leaves no entry and no line: %s', async (_what, attempt, error) => {
    await expect(attempt()).rejects.toMatchObject(error);
    expect(names(await stage.trail())).toEqual(BORN);
    expect(names(stage.log())).toEqual(BORN);
  });

  it('leaves no entry and no line: removing what another process has removed', async () => {
    await addKey(stage.ctx, stage.fromFile);
    const ctx = stage.withStore({ removeMasterKey: async () => false });
    await expect(removeKey(ctx, 'file')).rejects.toMatchObject({
      code: 'usage',
    });
    expect(names(await stage.trail())).toEqual([...BORN, 'key_added']);
    expect(names(stage.log())).toEqual([...BORN, 'key_added']);
  });
});

describe('a change of keys', () => {
  it('is made and recorded in a copied vault, with a warning', async () => {
    const { paths, files } = stage;
    const marks = async () => rollbackMarks(paths.marks, ['elsewhere'], files);
    await addKey({ ...stage.ctx, marks }, stage.fromFile);
    expect(names(await stage.trail())).toEqual([...BORN, 'key_added']);
    expect(stage.notices).toEqual([expect.stringContaining('copied or moved here')]);
    expect(await verified()).toEqual(WHOLE);
  });

  it('keeps the vault bound to its place', async () => {
    await rotateKey(stage.ctx, null);
    await stage.ctx.access.close();
    const vault = await stage.ctx.access.open();
    expect((await vault?.examine())?.standing).toBe('current');
    expect(stage.notices).toEqual([]);
  });

  it('is not made if the trail cannot take its entry', async () => {
    const store = await stage.store();
    await store.note(({ epoch }) => ({ epoch, sealed: Buffer.alloc(60) }));
    const { masterKeys } = await store.head();
    await expect(rotateKey(stage.ctx, null)).rejects.toMatchObject({ code: 'vault_damaged' });
    expect((await store.head()).masterKeys).toEqual(masterKeys);
    expect(stage.keychain.items.size).toBe(1);
    expect(names(stage.log())).toEqual(BORN);
  });
});

describe('an export whose entry the trail cannot take', () => {
  it('is completed, and its proved entry is queued once', async () => {
    const full = new VaultError('vault_not_writable', 'the disk is full');
    const note = () => Promise.reject(full);
    await exportKey(stage.withStore({ note }), recoveryFile(file));
    expect(names(await stage.trail())).toEqual(BORN);
    await rotateKey(stage.ctx, null);
    const lines = await stage.trail();
    expect(names(lines)).toEqual([...BORN, 'key_exported', 'key_rotated']);
    expect(lines.filter((line) => 'unproved' in line)).toEqual([]);
    expect(ids(stage.log())).toEqual(ids(lines));
  });
});
