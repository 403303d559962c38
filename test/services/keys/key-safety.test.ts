import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { vaultAccess } from '../../../src/access/vault-access.js';
import type { Context } from '../../../src/context.js';
import { VaultError } from '../../../src/domain/errors.js';
import type { KeySource } from '../../../src/keysources/contract.js';
import { keyFileSource } from '../../../src/keysources/key-file.js';
import { addKey } from '../../../src/services/keys/add.js';
import { exportKey } from '../../../src/services/keys/recovery.js';
import { removeKey } from '../../../src/services/keys/remove.js';
import { rotateKey } from '../../../src/services/keys/rotate-master.js';
import { useKey } from '../../../src/services/keys/status.js';
import { rollbackMarks } from '../../../src/stores/rollback-marks.js';
import { masterReference } from '../../../src/vault/master-key.js';
import { tamper } from '../../harness/tamper.js';
import { type KeyTest, keyTest, recoveryFile } from './key-test.js';

/** A vault with a key in the keychain, which is in use, and one in a file. */
let stage: KeyTest;
let reset: () => Promise<void>;
beforeAll(async () => {
  stage = await keyTest();
  await addKey(stage.ctx, stage.fromFile);
  reset = await stage.save();
});
afterEach(() => reset());
afterAll(() => stage.close());

const keys = () => [...stage.keychain.items.values(), readFileSync(stage.keyFile, 'utf8')];

/** The same vault as it is found in another place. */
function elsewhere(): Context {
  const { paths, files } = stage;
  return { ...stage.ctx, marks: async () => rollbackMarks(paths.marks, ['elsewhere'], files) };
}

/** A key that an interrupted run has noted; a copy has the note too, and the other vault may use the key by now. */
async function leftover(kind: 'keychain' | 'file'): Promise<string> {
  const store = await stage.store();
  const reference = masterReference((await store.head()).vaultId, 9);
  await store.noteLeftover({ reference, source: kind, since: 1 });
  await (kind === 'file' ? stage.fromFile : stage.fromKeychain).createBeside(reference, Buffer.alloc(32, 9));
  return reference;
}

interface Found {
  readonly ctx: Context;
  /** The source that is not in use. */
  readonly other: 'keychain' | 'file';
}

const STATES: Readonly<Record<string, () => Promise<Found>>> = {
  async vault_cloned() {
    return { ctx: elsewhere(), other: 'file' };
  },
  async vault_rolled_back() {
    const { database } = stage.paths;
    const copy = join(stage.folder, 'copy');
    await stage.ctx.access.close();
    copyFileSync(database, copy);
    stage.use(stage.fromFile);
    const store = await stage.ctx.access.store();
    await rotateKey(stage.ctx, stage.fromKeychain);
    await store?.close();
    await stage.ctx.access.close();
    copyFileSync(copy, database);
    return { ctx: stage.ctx, other: 'keychain' };
  },
  async key_wrong() {
    stage.use(stage.fromFile);
    writeFileSync(stage.keyFile, Buffer.alloc(32, 9).toString('base64url'));
    return { ctx: stage.ctx, other: 'keychain' };
  },
};

const sourceOf = (kind: Found['other']) => (kind === 'file' ? stage.fromFile : stage.fromKeychain);
const VERBS: Readonly<Record<string, (found: Found) => Promise<unknown>>> = {
  'rotate the key in use': ({ ctx }) => rotateKey(ctx, null),
  'rotate another key': ({ ctx, other }) => rotateKey(ctx, sourceOf(other)),
  remove: ({ ctx, other }) => removeKey(ctx, other),
  add: ({ ctx }) => addKey(ctx, { ...stage.fromFile, kind: 'credential' } as KeySource),
  use: ({ ctx }) => useKey(ctx, stage.fromFile),
  export: ({ ctx }) => exportKey(ctx, recoveryFile(join(stage.folder, 'recovery'))),
  'open the vault': async ({ ctx }) => (await ctx.vault())?.rehearse(),
};
/** Only these delete keys from sources, which other copies of the vault may need. */
const DELETING = ['rotate the key in use', 'rotate another key', 'remove'];

describe.each(Object.entries(STATES))('with %s', (code, state) => {
  const refused = code === 'key_wrong' ? Object.keys(VERBS) : DELETING;

  it.each(refused)('%s is refused, and every key is kept', async (verb) => {
    const found = await state();
    const before = keys();
    const recorded = stage.events.length;
    await expect(VERBS[verb]?.(found)).rejects.toMatchObject({ code });
    expect(keys()).toEqual(before);
    expect(await stage.leftovers()).toEqual([]);
    const failed = [{ event: 'open_failed', code, key_source: 'file' }];
    expect(stage.events.slice(recorded)).toEqual(code === 'key_wrong' ? failed : []);
  });
});

it('an attempt that the user interrupts is not recorded as a wrong key', async () => {
  const load = () => Promise.reject(new VaultError('interrupted', 'interrupted'));
  stage.use({ ...stage.fromKeychain, load });
  for (const verb of ['open the vault', 'export'])
    await expect(VERBS[verb]?.({ ctx: stage.ctx, other: 'file' })).rejects.toMatchObject({
      code: 'interrupted',
    });
  expect(stage.events).toEqual([]);
});

it('a copy that was not accepted deletes no leftover of the other vault', async () => {
  await removeKey(stage.ctx, 'file');
  const reference = await leftover('file');
  await expect(removeKey(elsewhere(), 'file')).rejects.toMatchObject({
    code: 'vault_cloned',
    hint: 'vault doctor --accept-rollback',
  });
  expect(await stage.fromFile.load(reference)).toEqual(Buffer.alloc(32, 9));
  expect(await stage.leftovers()).toHaveLength(1);
});

describe('a vault that was accepted in two places', () => {
  const MAY_BE_NEEDED = 'another copy of this vault may need it';

  async function acceptedElsewhere(): Promise<Context> {
    const ctx = elsewhere();
    const access = vaultAccess({
      ...ctx,
      factory: stage.factory,
      keySource: ctx.keys.current,
      rememberKeySource: async () => null,
    });
    await (await access.open())?.acceptAsItIs();
    await access.close();
    return ctx;
  }

  it('keeps each old key in its source, and says why', async () => {
    const ctx = await acceptedElsewhere();
    const before = keys();
    const rotated = await rotateKey(ctx, null);
    expect(rotated.old).toBe(`the old key stays in the OS keychain: ${MAY_BE_NEEDED}`);
    const inFile = await rotateKey(ctx, stage.fromFile);
    expect(inFile.old).toMatch(/^the old key stays in the key file .*: another copy/);
    stage.use(stage.fromFile);
    const removed = await removeKey(ctx, 'keychain');
    expect(removed.key).toBe(`the key stays in the OS keychain: ${MAY_BE_NEEDED}`);
    const [inKeychain, ...more] = keys();
    expect(inKeychain).toBe(before[0]);
    expect(more.at(-1)?.startsWith(before[1] ?? 'no key')).toBe(true);
    expect(await stage.leftovers()).toEqual([]);
    // It makes no difference in which of the places.
    expect((await rotateKey(stage.ctx, null)).old).toContain(MAY_BE_NEEDED);
  });

  it('forgets the record of a leftover and keeps its key', async () => {
    const ctx = await acceptedElsewhere();
    const reference = await leftover('keychain');
    await rotateKey(ctx, null);
    expect(await stage.fromKeychain.load(reference)).toEqual(Buffer.alloc(32, 9));
    stage.use(stage.fromFile);
    await removeKey(ctx, 'keychain');
    await leftover('keychain').catch(() => {});
    const removed = await removeKey(ctx, 'keychain');
    expect(removed.key).toBe(`the key in the OS keychain stays: ${MAY_BE_NEEDED}`);
    expect(await stage.fromKeychain.load(reference)).toEqual(Buffer.alloc(32, 9));
    expect(await stage.leftovers()).toEqual([]);
  });
});

describe('a foreign key name that was written into the database', () => {
  const FOREIGN = `${'ab'.repeat(16)}/master/1`;
  const ITEM = `token-vault, ${FOREIGN}`;
  const KEY = Buffer.alloc(32, 9).toString('base64url');

  async function edit(sql: string): Promise<void> {
    await stage.ctx.access.close();
    tamper(stage.paths.database, sql);
  }

  const noteLeft = (reference: string, source: string) =>
    edit(`INSERT INTO leftover_keys (reference, source, since) VALUES ('${reference}', '${source}', 0)`);

  /** Removes the key in the keychain, beside which another vault's key is. */
  async function fileOnly(): Promise<void> {
    stage.keychain.items.set(ITEM, KEY);
    stage.use(stage.fromFile);
    await removeKey(stage.ctx, 'keychain');
  }

  it('is not deleted if it is recorded as a leftover of a rotation', async () => {
    stage.keychain.items.set(ITEM, KEY);
    await noteLeft(FOREIGN, 'keychain');
    await rotateKey(stage.ctx, null);
    expect(stage.keychain.items.get(ITEM)).toBe(KEY);
    expect(await stage.leftovers()).toEqual([]);
    expect(await stage.opens()).toBe(true);
  });

  it('is not deleted if its source is recorded but has no key of the vault', async () => {
    await fileOnly();
    await noteLeft(FOREIGN, 'keychain');
    expect((await removeKey(stage.ctx, 'keychain')).key).toBe(
      'the key in the OS keychain stays: it is not named like the keys of this vault',
    );
    expect(stage.keychain.items.get(ITEM)).toBe(KEY);
    expect(await stage.leftovers()).toEqual([]);
  });

  it('is not deleted if it has a row like a key of the vault', async () => {
    await fileOnly();
    await edit(
      `INSERT INTO master_keys (reference, source, parameters, check_value, created_at)
         SELECT '${FOREIGN}', 'keychain', parameters, check_value, created_at FROM master_keys LIMIT 1`,
    );
    await expect(rotateKey(stage.ctx, stage.fromKeychain)).rejects.toMatchObject({ code: 'usage' });
    await removeKey(stage.ctx, 'keychain');
    expect(stage.keychain.items.get(ITEM)).toBe(KEY);
  });

  it('is not deleted from a key file that several vaults share', async () => {
    const shared = keyFileSource(stage.keyFile, stage.files);
    stage.use(shared);
    writeFileSync(stage.keyFile, `${readFileSync(stage.keyFile, 'latin1')}${KEY} ${FOREIGN}\n`);
    await noteLeft(FOREIGN, 'file');
    await rotateKey(stage.ctx, null);
    expect(readFileSync(stage.keyFile, 'latin1')).toContain(`${KEY} ${FOREIGN}\n`);
  });

  it('is not deleted if it is the key in use, recorded as a leftover', async () => {
    stage.use(stage.fromFile);
    const { masterKeys } = await (await stage.store()).head();
    await noteLeft(masterKeys.find(({ source }) => source === 'file')?.reference ?? '', 'file');
    const ctx = stage.with({ readBack: () => Promise.reject(new Error('killed')) });
    await expect(rotateKey(ctx, null)).rejects.toThrow('killed');
    expect(await stage.opens()).toBe(true);
  });
});
