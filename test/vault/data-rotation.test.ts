import { copyFileSync } from 'node:fs';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MasterKeyRow } from '../../src/stores/contract.js';
import { createGuard } from '../../src/vault/guard.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { emptyTrail } from '../doubles/ledger.js';
import { MASTER } from '../harness/vault-folder.js';
import { account, openRotationStage, REPLACED, type RotationStage } from './rotation-stage.js';

let stage: RotationStage;
beforeEach(async () => {
  stage = await openRotationStage();
});
afterEach(() => stage.close());

describe('replaced data keys', () => {
  it('are kept while one account is sealed under them, and deleted afterwards', async () => {
    await stage.begin();
    expect(await stage.finish()).toBe(false);
    const rotation = await (await stage.open()).rotation();
    const [first = '', second = ''] = await rotation.behind();
    expect(await rotation.reseal([first])).toEqual({ done: 1, unreadable: [] });
    expect(await stage.finish()).toBe(false);
    expect(await rotation.behind()).toEqual([second]);
    await stage.sealAll();
    expect(await stage.finish()).toBe(true);
    const ids = (await (await stage.store()).head()).wrappedKeys.map(({ dataKeyId }) => dataKeyId);
    expect(ids).toEqual([6, 7, 8, 9, 10]);
    expect(await stage.finish()).toBe(false);
  });

  it('count their use from then on, change by change', async () => {
    const count = async () => (await (await stage.open()).examine()).sealings;
    const first = (await count()) ?? 0;
    await stage.renew(await stage.open(), 'ada');
    expect(await count()).toBe(first + 2);
    await stage.begin();
    expect(await count()).toBe(0);
    await stage.renew(await stage.open(), 'ada');
    expect(await count()).toBe(2);
    await stage.sealAll();
    await stage.finish();
    await (await stage.open()).acceptAsItIs();
    expect(await count()).toBe(6);
  });

  it('leave the vault current, even if the process dies right afterwards', async () => {
    await stage.begin();
    await stage.sealAll();
    const dying = await stage.open({ ...stage.here, overwrite: () => {} });
    expect(await (await dying.rotation()).finish(REPLACED)).toBe(true);
    await (await stage.open()).requireCurrent();
  });

  it('keep generations, so that a running refresh is not overtaken', async () => {
    const generations = async () =>
      (await (await stage.open()).accounts()).map(({ generation }) => generation);
    await stage.renew(await stage.open(), 'grace');
    const before = await generations();
    await stage.begin();
    await stage.sealAll();
    expect(await generations()).toEqual(before);
  });

  it('skip an account that does not open, and name it', async () => {
    await stage.begin();
    stage.tamper((database) => database.exec("UPDATE accounts SET token_type = 'x' WHERE label = 'ada'"));
    const rotation = await (await stage.open()).rotation();
    const { done, unreadable } = await rotation.reseal(await rotation.behind());
    expect([done, unreadable.map(({ label }) => label)]).toEqual([1, ['ada']]);
    expect(await stage.finish()).toBe(false);
  });

  it('skip an account that was changed between reading and writing', async () => {
    await stage.begin();
    const store = await stage.store();
    const before = await account(await stage.open());
    await stage.renew(await stage.open(), 'ada');
    const { subjectDigest, sealed } = before;
    expect(await store.dataKeys.replace([{ before, sealed, subjectDigest, intent: null }])).toBe(0);
  });
});

describe('a vault that is not as last written', () => {
  it.each([
    ['an account is missing', "DELETE FROM accounts WHERE label = 'ada'"],
    ['an account was restored from an older copy', 'UPDATE accounts SET generation = generation + 1'],
  ])('gets no new data keys, which would hide that: %s', async (_, sql) => {
    const before = await (await stage.store()).head();
    stage.tamper((database) => database.exec(sql));
    await expect(stage.begin()).rejects.toMatchObject({ code: 'vault_damaged' });
    expect(await (await stage.store()).head()).toEqual(before);
  });

  it.each(['access_token', 'subject_digest'])(
    'gets none while its %s key is damaged, and no account is reported',
    async (purpose) => {
      const damage = `UPDATE keys SET wrapped = zeroblob(60) WHERE purpose = '${purpose}'`;
      stage.tamper((database) => database.exec(damage));
      const before = await (await stage.store()).head();
      const whole = expect.stringContaining(`its wrapped ${purpose.replace('_', ' ')} key`);
      await expect(stage.begin()).rejects.toMatchObject({ code: 'vault_damaged', message: whole });
      expect(await (await stage.store()).head()).toEqual(before);
    },
  );

  it('seals nothing again while a key that was replaced is damaged', async () => {
    await stage.begin();
    stage.tamper((database) => database.exec('UPDATE keys SET wrapped = zeroblob(60) WHERE data_key_id = 1'));
    const rotation = await (await stage.open()).rotation();
    await expect(rotation.reseal(await rotation.behind())).rejects.toMatchObject({
      code: 'vault_damaged',
      message: expect.stringContaining('its wrapped access token key'),
    });
  });

  it('is rolled back when it was restored from before its new data keys', async () => {
    const copy = `${stage.file}.copy`;
    copyFileSync(stage.file, copy);
    await stage.begin();
    await stage.sealAll();
    await stage.finish();
    copyFileSync(copy, stage.file);
    await expect((await stage.open()).requireCurrent()).rejects.toMatchObject({ code: 'vault_rolled_back' });
    await (await stage.open()).acceptAsItIs();
    await (await stage.open()).requireCurrent();
  });

  it('gets none if it was restored from an older copy', async () => {
    const copy = `${stage.file}.copy`;
    copyFileSync(stage.file, copy);
    await stage.renew(await stage.open(), 'ada');
    copyFileSync(copy, stage.file);
    await expect(stage.begin()).rejects.toMatchObject({ code: 'vault_rolled_back' });
  });

  it('gets none if a row is deleted between the last check and the commit', async () => {
    const store = await stage.store();
    const row = (await store.head()).masterKeys[0] as MasterKeyRow;
    const keyring = openKeyring(await store.head(), row, MASTER);
    const guard = createGuard({ store, keyring, marks: stage.here, clock: stage.clock, notice: () => {} });
    const rekeyed = guard.rekey(
      keyring,
      async (make) => {
        const { ledger, rows } = await store.rowSet();
        make({ ledger, rows: rows.slice(1) }, emptyTrail);
      },
      null,
    );
    await expect(rekeyed).rejects.toMatchObject({ code: 'vault_damaged' });
  });

  it('is detected by a restored row of the right generation', async () => {
    const copy = `${stage.file}.copy`;
    copyFileSync(stage.file, copy);
    await stage.begin();
    await stage.sealAll();
    await stage.finish();
    const old = new SqliteDatabase(copy, { readonly: true });
    const fields = old.prepare("SELECT * FROM accounts WHERE label = 'ada'").get() as Record<string, unknown>;
    old.close();
    stage.tamper((database) => {
      const set = 'subject_digest = @subject_digest, access_token = @access_token, identity = @identity';
      database.prepare(`UPDATE accounts SET ${set} WHERE label = 'ada'`).run(fields);
    });
    const alarms: string[] = [];
    const vault = await stage.open(stage.here, { alarm: (code) => void alarms.push(code) });
    const read = await account(vault);
    for (let time = 0; time < 2; time += 1)
      await expect(vault.accessToken(read)).rejects.toMatchObject({ code: 'vault_damaged' });
    expect(alarms).toEqual(['vault_damaged']);
  });

  it('is detected by a ledger from before the new data keys', async () => {
    const ledger = await (await stage.store()).ledger();
    await stage.begin();
    stage.tamper((database) =>
      database.prepare('UPDATE ledger SET epoch = ?, sealed = ?').run(ledger.epoch, ledger.sealed),
    );
    await expect((await stage.open()).requireCurrent()).rejects.toMatchObject({
      code: 'vault_damaged',
      message: expect.stringContaining('its ledger of accounts'),
    });
  });
});
