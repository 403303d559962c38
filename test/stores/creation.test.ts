import {
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/system/clock.js';
import { step } from '../doubles/ledger.js';
import { sealedExample } from '../doubles/sealed-account.js';
import { startActor } from '../harness/actor.js';
import { needs } from '../harness/parts.js';
import { seededNumbers } from '../harness/random.js';
import { headExample, type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

let folder: VaultFolder;
beforeEach(() => {
  folder = vaultFolder();
});
afterEach(() => folder.remove());

/** Less than a page may be cut from the last sealed field alone, which then does not open. */
const PAGE = 4_096;

const here = () => readdirSync(folder.home).sort();
const modeOf = (path: string) => statSync(path).mode & 0o7777;

/** Opens the vault and writes to it, as its owner would. */
async function expectGood(of: VaultFolder): Promise<void> {
  const store = await of.factory.open();
  expect((await store.head()).wrappedKeys).toHaveLength(5);
  expect(await store.insert(sealedExample(1), step)).toBe(true);
  expect(await store.account(sealedExample(1).id)).toEqual(sealedExample(1));
  await store.close();
}

describe('making a vault', () => {
  it('creates a 0600 file in a 0700 folder, whatever the umask', async () => {
    const deep = vaultFolder(join(folder.home, 'deep', 'vault'));
    const before = process.umask(0);
    try {
      const store = await deep.factory.create(headExample());
      await store.insert(sealedExample(1), step);
      await store.close();
    } finally {
      process.umask(before);
    }
    expect(readdirSync(deep.home)).toEqual(['vault.db']);
    expect(modeOf(deep.paths.database)).toBe(0o600);
    expect([join(folder.home, 'deep'), deep.home].map(modeOf)).toEqual([0o700, 0o700]);
  });

  it('replaces neither a vault nor any other file', async () => {
    await (await folder.factory.create(headExample())).close();
    const before = readFileSync(folder.paths.database);
    const exists = expect.objectContaining({ code: 'vault_exists', exitCode: 2, hint: 'vault list' });
    await expect(folder.factory.create(headExample())).rejects.toThrow(exists);
    expect(readFileSync(folder.paths.database).equals(before)).toBe(true);
    expect(here()).toEqual(['vault.db']);

    rmSync(folder.paths.database);
    const target = join(folder.home, 'target');
    symlinkSync(target, folder.paths.database);
    await expect(folder.factory.create(headExample())).rejects.toThrow(exists);
    expect(here()).toEqual(['vault.db']);
  });

  it.each([
    ['an empty beginning', () => writeFileSync(`${folder.paths.database}.new`, '')],
    [
      'half a beginning and its journal',
      () => {
        writeFileSync(`${folder.paths.database}.new`, 'SQLite format 3\0 and no more');
        writeFileSync(`${folder.paths.database}.new-journal`, 'journal');
      },
    ],
    [
      'a link where the beginning would be',
      () => symlinkSync('/nonexistent/elsewhere', `${folder.paths.database}.new`),
    ],
  ])('starts again if a crash left %s', async (_name, leave) => {
    leave();
    await (await folder.factory.create(headExample())).close();
    expect(here()).toEqual(['vault.db']);
    await expectGood(folder);
  });

  it('is complete if a crash came between the new name and the removal of the old', async () => {
    await (await folder.factory.create(headExample())).close();
    linkSync(folder.paths.database, `${folder.paths.database}.new`);
    expect(await folder.factory.exists()).toBe(true);
    await expectGood(folder);
    expect(here()).toEqual(['vault.db']);
  });

  it('reports a file that is in its place', async () => {
    mkdirSync(`${folder.paths.database}.new`);
    await expect(folder.factory.create(headExample())).rejects.toThrow(
      expect.objectContaining({ code: 'vault_not_writable', hint: expect.stringContaining(folder.home) }),
    );
  });

  it('killed at any moment leaves none or a good one', async (context) => {
    needs(context, 'the built command line');
    const between = seededNumbers(20_260_301);
    const root = mkdtempSync(join(tmpdir(), 'vault-kills-'));
    let none = 0;
    let good = 0;
    try {
      for (let round = 0; round < 6; round += 1) {
        const homes = Array.from({ length: 200 }, (_, n) => join(root, `${round}-${n}`));
        const actor = await startActor();
        await actor.begin('create', { homes });
        // The first is made once there is a second.
        while (readdirSync(root).length < 2) await systemClock.sleep(1);
        await systemClock.sleep(between(0, 40));
        await actor.kill();
        for (const home of readdirSync(root).filter((name) => name.startsWith(`${round}-`))) {
          const left = vaultFolder(join(root, home));
          if (await left.factory.exists()) good += 1;
          else {
            none += 1;
            await (await left.factory.create(headExample())).close();
          }
          await expectGood(left);
        }
        rmSync(root, { recursive: true });
        mkdirSync(root);
      }
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
    // Most rounds are killed in the middle of one.
    expect([good > 0, none > 0]).toEqual([true, true]);
  });
});

describe('opening a vault', () => {
  const damaged = expect.objectContaining({ code: 'vault_damaged', exitCode: 9 });

  it('that does not exist makes none', async () => {
    expect(await folder.factory.exists()).toBe(false);
    await expect(folder.factory.open()).rejects.toThrow(damaged);
    expect(here()).toEqual([]);
  });

  it.each([
    ['empty', ''],
    ['a text', 'this is not a vault\n'.repeat(500)],
    ['one byte', 'S'],
    ['the beginning of a database', 'SQLite format 3\0'],
  ])('whose file is %s reports damage, and does not change the file', async (_name, content) => {
    writeFileSync(folder.paths.database, content, { mode: 0o600 });
    await expect(folder.factory.open()).rejects.toThrow(damaged);
    await expect(folder.factory.create(headExample())).rejects.toThrow(
      expect.objectContaining({ code: 'vault_exists' }),
    );
    expect(readFileSync(folder.paths.database, 'latin1')).toBe(content);
    expect(here()).toEqual(['vault.db']);
  });

  it('that lacks a page or more at its end reports damage', async () => {
    const store = await folder.factory.create(headExample());
    for (let n = 0; n < 40; n += 1) await store.insert(sealedExample(n), step);
    await store.close();
    const whole = `${folder.paths.database}.whole`;
    copyFileSync(folder.paths.database, whole);
    const { size } = statSync(whole);
    for (let length = 0; length <= size - PAGE; length += length < 200 ? 37 : 1_999) {
      copyFileSync(whole, folder.paths.database);
      truncateSync(folder.paths.database, length);
      const reading = async () => {
        const cut = await folder.factory.open();
        try {
          await cut.head();
          for (const { id } of await cut.accounts()) await cut.account(id);
        } finally {
          await cut.close();
        }
      };
      await expect(reading(), `cut to ${length} bytes`).rejects.toThrow(damaged);
      expect(statSync(folder.paths.database).size).toBe(length);
    }
  });
});
