import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backUp } from '../../../src/services/backup/backup.js';
import { restore } from '../../../src/services/backup/restore.js';
import { type KeyTest, keyTest } from '../keys/key-test.js';

let stage: KeyTest;
beforeEach(async () => {
  stage = await keyTest();
});
afterEach(() => stage.close());

describe('restoring', () => {
  it('keeps every account from being refreshed only while the vault changes', async () => {
    const file = join(stage.folder, 'backup');
    const { locks } = stage;
    const deps = stage.ctx;
    const copies = await deps.copies();
    const accounts = [await stage.addLabelled('alice'), await stage.addLabelled('bob')];
    await backUp(deps, { file, force: false });
    const held: string[] = [];
    async function takeOver(copy: string): Promise<void> {
      for (const id of accounts) {
        await expect(locks.acquire(id, 0)).rejects.toMatchObject({ code: 'busy' });
        held.push(id);
      }
      await copies.takeOver(copy);
    }
    await restore({ ...deps, copies: async () => ({ ...copies, takeOver }) }, file);
    expect(held).toEqual(accounts);
    for (const id of accounts) await (await locks.acquire(id, 0)).release();
  });
});
