import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { vaultAccess } from '../../../src/access/vault-access.js';
import type { KeySourceKind } from '../../../src/keysources/contract.js';
import { addKey } from '../../../src/services/keys/add.js';
import { removeKey } from '../../../src/services/keys/remove.js';
import { rotateKey } from '../../../src/services/keys/rotate-master.js';
import { rollbackMarks } from '../../../src/stores/rollback-marks.js';
import { masterReference } from '../../../src/vault/master-key.js';
import { type KeyStage, openKeyStage, type StageContext } from './key-stage.js';

let stage: KeyStage;
beforeEach(async () => {
  stage = await openKeyStage();
  await addKey(stage.ctx, stage.fromFile);
});
afterEach(() => stage.close());

/** The same vault as it is found at another place, such as a copy of it. */
function elsewhere(): StageContext {
  const { paths, files } = stage.folder;
  return { ...stage.ctx, marks: async () => rollbackMarks(paths.marks, ['elsewhere'], files) };
}

/** A person says that it belongs there as well. */
async function acceptedElsewhere(): Promise<StageContext> {
  const ctx = elsewhere();
  const access = vaultAccess({
    ...stage.folder,
    ...{ audit: ctx.audit, events: ctx.events, marks: ctx.marks },
    keySource: ctx.keys.current,
    rememberKeySource: async () => null,
  });
  await (await access.open())?.acceptAsItIs();
  await access.close();
  return ctx;
}

const removing = (ctx: StageContext, kind: KeySourceKind) => removeKey(ctx, kind);
const keys = () => [...stage.keychain.items.values(), readFileSync(stage.keyFile, 'utf8')];

/** What a run was cut off over, as a copy has it too; the living vault may have come to use the key since. */
async function noteOf(kind: 'keychain' | 'file'): Promise<string> {
  const store = await stage.store();
  const reference = masterReference((await store.head()).vaultId, 9);
  await store.noteLeftover({ reference, source: kind, since: 1 });
  await (kind === 'file' ? stage.fromFile : stage.fromKeychain).createBeside(reference, Buffer.alloc(32, 9));
  return reference;
}

describe('a copy of the vault that nobody has said to be the vault', () => {
  it('takes no key out of a source that it shares with the living one, nor makes any there', async () => {
    await noteOf('keychain');
    const before = keys();
    const cloned = { code: 'vault_cloned', hint: 'vault doctor --accept-rollback' };
    for (const choice of [null, stage.fromFile])
      await expect(rotateKey(elsewhere(), choice)).rejects.toMatchObject(cloned);
    await expect(removing(elsewhere(), 'file')).rejects.toMatchObject(cloned);
    stage.use(stage.fromFile);
    await expect(removing(elsewhere(), 'keychain')).rejects.toMatchObject(cloned);
    expect(keys()).toEqual(before);
    expect(await stage.leftovers()).toHaveLength(1);
  });

  it('nor what is noted there as left by a run that was cut off', async () => {
    await removing(stage.ctx, 'file');
    const reference = await noteOf('file');
    await expect(removing(elsewhere(), 'file')).rejects.toMatchObject({ code: 'vault_cloned' });
    expect(await stage.fromFile.load(reference)).toEqual(Buffer.alloc(32, 9));
  });

  it('is told from an older copy of itself, put back at the same place', async () => {
    const { database } = stage.folder.paths;
    const copy = join(stage.folder.home, 'copy');
    await stage.access.close();
    copyFileSync(database, copy);
    stage.use(stage.fromFile);
    const store = await stage.access.store();
    await rotateKey(stage.ctx, stage.fromKeychain);
    await store?.close();
    await stage.access.close();
    copyFileSync(copy, database);
    const before = keys();
    await expect(rotateKey(stage.ctx, null)).rejects.toMatchObject({ code: 'vault_rolled_back' });
    await expect(removing(stage.ctx, 'keychain')).rejects.toMatchObject({ code: 'vault_rolled_back' });
    expect(keys()).toEqual(before);
  });
});

describe('a vault that belongs to more places than one', () => {
  const MAY_BE_NEEDED = 'this vault was also used in another place, which may need it';

  it('leaves each old key where it is, and says why', async () => {
    const ctx = await acceptedElsewhere();
    const before = keys();
    const rotated = await rotateKey(ctx, null);
    expect(rotated.old).toBe(`the old key stays in the OS keychain: ${MAY_BE_NEEDED}`);
    expect((await rotateKey(ctx, stage.fromFile)).old).toMatch(/^the old key stays in the key file .*: this/);
    stage.use(stage.fromFile);
    const removed = await removing(ctx, 'keychain');
    expect(removed.key).toBe(`the key stays in the OS keychain: ${MAY_BE_NEEDED}`);
    const [inKeychain, ...more] = keys();
    expect(inKeychain).toBe(before[0]);
    expect(more.at(-1)?.startsWith(before[1] ?? 'no key')).toBe(true);
    expect(await stage.leftovers()).toEqual([]);
    // Which of the places it is rotated at makes no difference.
    expect((await rotateKey(stage.ctx, null)).old).toContain(MAY_BE_NEEDED);
  });

  it('forgets what a run was cut off over and leaves it where it is', async () => {
    const ctx = await acceptedElsewhere();
    const reference = await noteOf('keychain');
    await rotateKey(ctx, null);
    expect(await stage.fromKeychain.load(reference)).toEqual(Buffer.alloc(32, 9));
    stage.use(stage.fromFile);
    await removing(ctx, 'keychain');
    await noteOf('keychain').catch(() => {});
    expect((await removing(ctx, 'keychain')).key).toBe(`the key in the OS keychain stays: ${MAY_BE_NEEDED}`);
    expect(await stage.fromKeychain.load(reference)).toEqual(Buffer.alloc(32, 9));
    expect(await stage.leftovers()).toEqual([]);
  });
});
