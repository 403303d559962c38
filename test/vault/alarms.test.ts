import { copyFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR } from '../../src/domain/duration.js';
import type { ErrorCode } from '../../src/domain/errors.js';
import type { Vault } from '../../src/vault/vault.js';
import { openWholeStage, type WholeStage } from './vault-stage.js';

let stage: WholeStage;
let alarms: ErrorCode[];
let vault: Vault;
beforeEach(async () => {
  stage = await openWholeStage();
  await stage.add('ada', 'grace');
  alarms = [];
  vault = await stage.open(stage.here, { alarm: (code) => void alarms.push(code) });
});
afterEach(() => stage.close());

async function putBack(): Promise<void> {
  const copy = `${stage.file}.copy`;
  copyFileSync(stage.file, copy);
  await stage.renew(await stage.open(), 'ada');
  copyFileSync(copy, stage.file);
}

describe('an alarm', () => {
  it('is recorded by a login into a restored vault, which continues with a warning', async () => {
    await putBack();
    await vault.rehearse();
    expect(alarms).toEqual(['vault_rolled_back']);
  });

  it('is recorded by a refused refresh, and again after an hour', async () => {
    await putBack();
    for (const wait of [0, HOUR - 1, 1]) {
      stage.clock.advance(wait);
      await expect(vault.requireCurrent()).rejects.toMatchObject({ code: 'vault_rolled_back' });
    }
    expect(alarms).toEqual(['vault_rolled_back', 'vault_rolled_back']);
  });

  it('is recorded for a missing row, and for a foreign entry of the trail', async () => {
    stage.tamper((database) => database.exec("DELETE FROM accounts WHERE label = 'grace'"));
    await expect(vault.verifyRowSet()).rejects.toMatchObject({ code: 'vault_damaged' });
    expect(alarms).toEqual(['vault_damaged']);
    const another = await stage.open(stage.here, { alarm: (code) => void alarms.push(code) });
    stage.tamper((database) =>
      database.exec("INSERT INTO audit VALUES (1, 7, '{}', 'made-up', zeroblob(32))"),
    );
    expect((await another.verifyTrail()).fault).toMatchObject({ kind: 'added' });
    expect(alarms).toHaveLength(2);
  });

  it('is not recorded for a vault that is as it was last written', async () => {
    await vault.rehearse();
    await vault.requireCurrent();
    await vault.verifyTrail();
    expect(alarms).toEqual([]);
  });
});
