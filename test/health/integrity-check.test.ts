import { copyFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { marksWith } from '../../src/access/marks.js';
import { unnoticed, worn } from '../../src/health/integrity.js';
import type { Vault } from '../../src/vault/vault.js';
import { tamper } from '../harness/tamper.js';
import { type HealthTest, healthTest, told } from './health-test.js';

const ACCEPT = 'vault doctor --accept-rollback';

let stage: HealthTest;
/** The vault as the commands on this machine have it. */
let here: Vault;
beforeEach(async () => {
  stage = await healthTest();
  here = await stage.another({ marks: () => marksWith(stage.paths, stage.files) });
  await stage.add();
});
afterEach(() => stage.close());

const found = async () => (await stage.examine())['integrity'] ?? [];
const edit = (sql: string) => tamper(stage.paths.database, sql);

async function renew(): Promise<void> {
  const [account] = await here.accounts();
  const whole = account === undefined ? null : await here.account(account.id);
  if (whole === null) throw new Error('there is an account');
  await here.update(whole, {}, await here.contents(whole));
}

describe('the vault as a whole', () => {
  it('is the one that was written here last', async () => {
    expect(told(await found())).toEqual([
      'ok: the vault is as it was last written here, with every account (3 changes so far)',
    ]);
  });

  it('recommends new data keys long before one has sealed too much', async () => {
    expect(worn(2 ** 30 - 1)).toEqual([]);
    expect(worn(2 ** 30)).toEqual([
      expect.objectContaining({
        status: 'warning',
        message: expect.stringContaining('were used about 1074 million times'),
        remedy: 'vault key rotate --data',
      }),
    ]);
  });

  it('warns where a restored copy of the whole folder would not be detected', async () => {
    const second = { folder: '/second', read: () => null, write: () => {} };
    const birth = () => ({ at: 1n, certain: true });
    expect([unnoticed({ second }), unnoticed({ birth })]).toEqual([[], []]);
    expect(told(unnoticed({ birth: () => null }))).toEqual([
      expect.stringMatching(/^skipped: an older copy of the whole folder would not be detected here/),
    ]);
  });

  it('is reported as an older copy each time, and is not changed', async () => {
    const copy = join(stage.folder, 'copy.db');
    copyFileSync(stage.paths.database, copy);
    await renew();
    copyFileSync(copy, stage.paths.database);
    const before = statSync(stage.paths.database).mtimeMs;
    for (let time = 0; time < 2; time += 1) {
      expect(await found()).toEqual([
        expect.objectContaining({ status: 'problem', code: 'vault_rolled_back', remedy: ACCEPT }),
      ]);
    }
    expect(statSync(stage.paths.database).mtimeMs).toBe(before);
  });

  it('is reported as a copy from elsewhere, with its other problems', async () => {
    rmSync(stage.paths.marks, { recursive: true });
    edit('DELETE FROM accounts');
    expect((await found()).map(({ code }) => code)).toEqual(['vault_cloned', 'vault_damaged']);
  });

  it.each([
    ['a missing account', 'DELETE FROM accounts', /1 account is missing/],
    ['a renamed account', "UPDATE accounts SET label = 'eve'", /demo\/eve was altered/],
    ['a ledger that is gone', 'DELETE FROM ledger', /ledger of accounts is missing/],
    ['an altered ledger', 'UPDATE ledger SET epoch = epoch + 1', /ledger of accounts cannot be opened/],
  ])('shows %s', async (_, sql, said) => {
    edit(sql);
    expect(await found()).toEqual([
      expect.objectContaining({
        code: 'vault_damaged',
        message: expect.stringMatching(said),
        remedy: expect.stringContaining(ACCEPT),
      }),
    ]);
  });

  it('is not checked where another check reports the reason', async () => {
    edit('PRAGMA user_version = 4711');
    expect(told(await found())).toEqual(['skipped: the database has another schema']);
    stage.put('vault.db', 'this is no database at all, but a text'.repeat(100));
    expect(told(await found())).toEqual(['skipped: the database cannot be read']);
    rmSync(stage.paths.database);
    expect(told(await found())).toEqual(['skipped: there is no vault yet']);
  });
});
