import { copyFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../src/domain/errors.js';
import type { MasterKeyRow } from '../../src/stores/contract.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { openLedger } from '../../src/vault/ledger.js';
import type { Vault } from '../../src/vault/vault.js';
import { emptyTrail, marksDouble } from '../doubles/ledger.js';
import { tamper } from '../harness/tamper.js';
import { MASTER } from '../harness/vault-folder.js';
import { openWholeStage, type WholeStage } from './vault-stage.js';

let stage: WholeStage;
beforeEach(async () => {
  stage = await openWholeStage();
  await stage.add('ada', 'grace');
});
afterEach(() => stage.close());

const standing = (vault: Vault) =>
  vault.requireCurrent().then(
    () => 'current',
    ({ code }: VaultError) => code,
  );
const standingHere = async () => standing(await stage.open());

/** Runs something, then puts the database back as it was before. */
async function rolledBack(work: () => Promise<unknown>): Promise<void> {
  const copy = `${stage.file}.copy`;
  copyFileSync(stage.file, copy);
  await work();
  copyFileSync(copy, stage.file);
}

describe('a vault', () => {
  it('is current where it was made, for every process there', async () => {
    await stage.renew(await stage.open(), 'ada');
    expect(await standingHere()).toBe('current');
    expect(stage.notices).toEqual([]);
  });

  it('is rolled back if an older copy replaced it, with a hint', async () => {
    await rolledBack(async () => stage.renew(await stage.open(), 'ada'));
    await expect((await stage.open()).requireCurrent()).rejects.toMatchObject({
      code: 'vault_rolled_back',
      exitCode: 9,
      hint: 'vault doctor --accept-rollback',
    });
  });

  it('stays rolled back however much is stored in it, and says so each time', async () => {
    await rolledBack(async () => stage.renew(await stage.open(), 'ada'));
    const vault = await stage.open();
    for (let renewal = 0; renewal < 5; renewal += 1) await stage.renew(vault, 'ada');
    await stage.add('edsger');
    expect(await standingHere()).toBe('vault_rolled_back');
    expect(stage.notices).toEqual(Array(2).fill(expect.stringContaining('restored from an older copy')));
  });

  it('is current again once accepted, and detects the next time as well', async () => {
    await rolledBack(async () => stage.renew(await stage.open(), 'ada'));
    const vault = await stage.open();
    expect(await vault.acceptAsItIs()).toMatchObject({ standing: 'rolled_back', rowSet: null, ledger: null });
    expect(await standing(vault)).toBe('current');
    await rolledBack(async () => stage.renew(await stage.open(), 'ada'));
    expect(await standingHere()).toBe('vault_rolled_back');
  });

  it('is rolled back if the copy is from before an acceptance', async () => {
    await rolledBack(async () => {
      await rolledBack(async () => stage.renew(await stage.open(), 'ada'));
      await (await stage.open()).acceptAsItIs();
    });
    expect(await standingHere()).toBe('vault_rolled_back');
  });

  it('is cloned elsewhere or without a mark, rolled back with an invalid mark', async () => {
    const elsewhere = marksDouble('elsewhere');
    expect(await standing(await stage.open(elsewhere))).toBe('vault_cloned');
    for (const [name, bytes] of stage.here.kept) elsewhere.create(name, bytes);
    expect(await standing(await stage.open(elsewhere))).toBe('vault_cloned');
    const [name = ''] = stage.here.kept.keys();
    stage.here.create(name, Buffer.alloc(40, 1));
    await expect((await stage.open()).requireCurrent()).rejects.toMatchObject({
      code: 'vault_rolled_back',
      message: expect.stringContaining('or its rollback mark in /example/marks was altered'),
    });
    stage.here.kept.clear();
    await stage.renew(await stage.open(), 'ada');
    expect(stage.here.kept.size).toBe(0);
    expect(await standingHere()).toBe('vault_cloned');
  });

  it('may belong to several places that write in turn', async () => {
    const elsewhere = marksDouble('elsewhere');
    await (await stage.open(elsewhere)).acceptAsItIs();
    for (const marks of [stage.here, elsewhere, elsewhere, stage.here]) {
      const vault = await stage.open(marks);
      expect(await standing(vault)).toBe('current');
      await stage.renew(vault, 'grace');
    }
  });

  it('that was used in two places is not current where the other copy returns', async () => {
    const elsewhere = marksDouble('elsewhere');
    const theirs = `${stage.file}.theirs`;
    await rolledBack(async () => {
      const vault = await stage.open(elsewhere);
      await vault.acceptAsItIs();
      for (let renewal = 0; renewal < 9; renewal += 1) await stage.renew(vault, 'ada');
      copyFileSync(stage.file, theirs);
    });
    await stage.renew(await stage.open(), 'ada');
    expect(await standingHere()).toBe('current');
    copyFileSync(theirs, stage.file);
    // Their copy has had more changes than ours, and lacks the one that was made here.
    expect(await standingHere()).toBe('vault_rolled_back');
  });

  it('is current if its mark is behind, because a process died or the disk was full', async () => {
    const full = {
      ...stage.here,
      overwrite: () => {
        throw new VaultError('vault_not_writable', 'the disk is full');
      },
    };
    const before = [...stage.here.kept.values()];
    const vault = await stage.open(full);
    await stage.renew(vault, 'ada');
    expect([...stage.here.kept.values()]).toEqual(before);
    expect(stage.notices).toEqual([expect.stringContaining('the disk is full')]);
    expect(await standingHere()).toBe('current');
  });

  it('stores while its mark cannot be read, and is current afterwards', async () => {
    const unreadable = {
      ...stage.here,
      read: () => {
        throw new VaultError('vault_not_writable', 'the disk reports an error');
      },
    };
    expect((await stage.renew(await stage.open(unreadable), 'ada')).generation).toBe(2);
    expect(stage.notices).toEqual([expect.stringMatching(/older copy.*the disk reports an error$/)]);
    expect(await standing(await stage.open(unreadable))).toBe('vault_not_writable');
    expect(await standingHere()).toBe('current');
    await stage.renew(await stage.open(), 'ada');
    expect(await standingHere()).toBe('current');
  });

  it('does not move its mark for a repeated transaction without a change', async () => {
    const before = [...stage.here.kept.values()];
    const store = await stage.store();
    const vault = await stage.open(stage.here, {
      store: {
        ...store,
        async replace(account, _, step) {
          step(await store.ledger(), { before: null, after: account }, emptyTrail, () => []);
          return false;
        },
      },
    });
    await expect(stage.renew(vault, 'ada')).rejects.toThrow('somebody else was faster');
    expect([...stage.here.kept.values()]).toEqual(before);
  });

  it('does not restore a mark that was removed during a change', async () => {
    let reads = 0;
    const takenAway = {
      ...stage.here,
      read(name: string) {
        reads += 1;
        if (reads > 1) stage.here.kept.clear();
        return stage.here.read(name);
      },
    };
    await stage.renew(await stage.open(takenAway), 'ada');
    expect(reads).toBe(2);
    expect(stage.here.kept.size).toBe(0);
  });

  it('must match both its mark and its sums to be current', async () => {
    await rolledBack(async () => stage.renew(await stage.open(), 'ada'));
    await expect((await stage.open()).verifyRowSet()).resolves.toBeUndefined();
    const vault = await stage.open();
    await vault.acceptAsItIs();
    stage.tamper((database) => database.exec("DELETE FROM accounts WHERE label = 'ada'"));
    expect(await standingHere()).toBe('vault_damaged');
  });

  it('is damaged once its ledger is altered, even in a process that has it open', async () => {
    const vault = await stage.open();
    expect(await standing(vault)).toBe('current');
    tamper(stage.file, 'UPDATE ledger SET sealed = zeroblob(length(sealed))');
    expect(await standing(vault)).toBe('vault_damaged');
  });

  it('has its rows summed again by a long-lived process', async () => {
    const vault = await stage.open();
    expect(await standing(vault)).toBe('current');
    stage.tamper((database) => database.exec("DELETE FROM accounts WHERE label = 'ada'"));
    expect(await standing(vault)).toBe('current');
    stage.clock.advance(61_000);
    expect(await standing(vault)).toBe('vault_damaged');
  });

  it('that is rolled back or altered accepts a login, with a warning first', async () => {
    await rolledBack(async () => stage.renew(await stage.open(), 'ada'));
    stage.tamper((database) => database.exec("DELETE FROM accounts WHERE label = 'ada'"));
    await (await stage.open()).rehearse();
    expect(stage.notices).toEqual([
      expect.stringMatching(/older copy.*\nhint: vault doctor --accept-rollback$/),
      expect.stringMatching(/missing.*\nhint: (?:.|\n)*\nvault doctor --accept-rollback$/),
    ]);
  });

  it('counts as used elsewhere too once its ledger was lost', async () => {
    stage.tamper((database) => database.exec('DELETE FROM ledger'));
    await (await stage.open()).acceptAsItIs();
    const store = await stage.store();
    const head = await store.head();
    const keyring = openKeyring(head, head.masterKeys[0] as MasterKeyRow, MASTER);
    expect(openLedger(keyring, await store.ledger()).places.size).toBe(2);
    expect(await standingHere()).toBe('current');
  });
});
