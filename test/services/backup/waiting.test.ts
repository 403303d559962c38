import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { backUp } from '../../../src/services/backup/backup.js';
import { restore } from '../../../src/services/backup/restore.js';
import { rotateDataKeys } from '../../../src/services/keys/rotate-data.js';
import { leaveAnswer } from '../../harness/leave-answer.js';
import { type KeyTest, keyTest } from '../keys/key-test.js';

let stage: KeyTest;
let file: string;
let id: string;
beforeEach(async () => {
  stage = await keyTest();
  file = join(stage.folder, 'backup');
  id = await stage.addLabelled('alice');
});
afterEach(() => stage.close());

const account = async (of = id) => {
  const found = await (await stage.vault()).account(of);
  if (found === null) throw new Error('the account is gone');
  return found;
};
const refreshToken = async () =>
  (await (await stage.vault()).contents(await account())).refreshToken?.reveal();

/** @returns what waits then */
async function leave(of = id) {
  const spill = await stage.ctx.spill();
  await leaveAnswer({ vault: await stage.vault(), spill }, await account(of));
  return spill;
}

describe('an answer that waits beside the vault', () => {
  it('is stored before a backup, which then has the newest refresh token', async () => {
    const spill = await leave();
    await backUp(stage.ctx, { file, force: false });
    expect(spill.all()).toEqual([]);
    await restore(stage.ctx, file);
    expect(await refreshToken()).toBe('refresh-token-waiting');
  });

  it('that cannot be stored prevents a backup, and the error names the account', async () => {
    await leave();
    const busy = new VaultError('busy', 'another process holds this account', { hint: 'wait' });
    const { locks } = stage.ctx;
    const acquire: typeof locks.acquire = (name, ...rest) =>
      name === id ? Promise.reject(busy) : locks.acquire(name, ...rest);
    const making = backUp({ ...stage.ctx, locks: { ...locks, acquire } }, { file, force: false });
    await expect(making).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining('newest refresh token of google/alice, which could not be stored:'),
      hint: 'wait\nvault refresh google/alice',
    });
  });

  it('is kept for a restored vault that can store it', async () => {
    await backUp(stage.ctx, { file, force: false });
    const spill = await leave();
    await restore(stage.ctx, file);
    expect(spill.all()).toHaveLength(1);
  });

  it.each([
    [
      'has other data keys',
      async () => {
        await backUp(stage.ctx, { file, force: false });
        await rotateDataKeys(stage.ctx, () => undefined);
      },
    ],
    [
      'has not the account',
      async () => {
        await (await stage.vault()).remove(id);
        await backUp(stage.ctx, { file, force: false });
        id = await stage.addLabelled('alice');
      },
    ],
  ])('is stored in the kept vault if the restored one %s', async (_, before) => {
    await before();
    const spill = await leave();
    const { kept } = await restore(stage.ctx, file);
    expect(spill.all()).toEqual([]);
    await restore(stage.ctx, kept ?? '');
    expect(await refreshToken()).toBe('refresh-token-waiting');
  });
});
