import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyFileSource } from '../../../src/keysources/key-file.js';
import { addKey } from '../../../src/services/keys/add.js';
import { removeKey } from '../../../src/services/keys/remove.js';
import { rotateKey } from '../../../src/services/keys/rotate-master.js';
import { tamper } from '../../harness/tamper.js';
import { type KeyStage, openKeyStage } from './key-stage.js';

/** A key of another vault, in the keychain that both use. */
const FOREIGN = `${'ab'.repeat(16)}/master/1`;
const ITEM = `token-vault, ${FOREIGN}`;
const KEY = Buffer.alloc(32, 9).toString('base64url');

let stage: KeyStage;
beforeEach(async () => {
  stage = await openKeyStage();
  stage.keychain.items.set(ITEM, KEY);
});
afterEach(() => stage.close());

/** Somebody who has the database, and no key. */
async function edit(sql: string): Promise<void> {
  await stage.access.close();
  tamper(stage.folder.paths.database, sql);
}

const noteLeft = (reference: string, source: string) =>
  edit(`INSERT INTO leftover_keys (reference, source, since) VALUES ('${reference}', '${source}', 0)`);

/** As a row of the vault's own key, but for its name and where it is said to be. */
const addRow = (reference: string, source: string) =>
  edit(
    `INSERT INTO master_keys (reference, source, parameters, check_value, created_at)
       SELECT '${reference}', '${source}', parameters, check_value, created_at FROM master_keys LIMIT 1`,
  );

describe('a key of another vault, whose name somebody wrote into the database', () => {
  it('stays when it is said to be a leftover of a rotation', async () => {
    await noteLeft(FOREIGN, 'keychain');
    await rotateKey(stage.ctx, null);
    expect(stage.keychain.items.get(ITEM)).toBe(KEY);
    expect(await stage.leftovers()).toEqual([]);
    expect(await stage.opens()).toBe(true);
  });

  it('stays when the leftovers of a source are removed in which the vault has no key', async () => {
    await addKey(stage.ctx, stage.fromFile);
    stage.use(stage.fromFile);
    await removeKey(stage.ctx, 'keychain');
    await noteLeft(FOREIGN, 'keychain');
    const removed = await removeKey(stage.ctx, 'keychain');
    expect(removed.key).toBe('the key in the OS keychain stays: it is not named like the keys of this vault');
    expect(stage.keychain.items.get(ITEM)).toBe(KEY);
    expect(await stage.leftovers()).toEqual([]);
  });

  it('stays when it is said to be the vault’s key in another source', async () => {
    await addKey(stage.ctx, stage.fromFile);
    stage.use(stage.fromFile);
    await removeKey(stage.ctx, 'keychain');
    await addRow(FOREIGN, 'keychain');
    await expect(rotateKey(stage.ctx, stage.fromKeychain)).rejects.toMatchObject({ code: 'usage' });
    await removeKey(stage.ctx, 'keychain');
    expect(stage.keychain.items.get(ITEM)).toBe(KEY);
  });

  it('stays in a key file that several vaults share', async () => {
    const shared = keyFileSource(stage.keyFile, stage.folder.files);
    await addKey(stage.ctx, shared);
    stage.use(shared);
    writeFileSync(stage.keyFile, `${readFileSync(stage.keyFile, 'latin1')}${KEY} ${FOREIGN}\n`);
    await noteLeft(FOREIGN, 'file');
    await rotateKey(stage.ctx, null);
    expect(readFileSync(stage.keyFile, 'latin1')).toContain(`${KEY} ${FOREIGN}\n`);
  });
});

describe('the key that the vault uses', () => {
  it('stays when somebody wrote down that nothing needs it', async () => {
    const { reference } = await addKey(stage.ctx, stage.fromFile);
    stage.use(stage.fromFile);
    await noteLeft(reference, 'file');
    // Cut off before there is another key.
    const failing = stage.with({ readBack: () => Promise.reject(new Error('cut off')) });
    await expect(rotateKey(failing, null)).rejects.toThrow('cut off');
    expect(await stage.opens()).toBe(true);
  });
});
