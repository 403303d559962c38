import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/domain/secret.js';
import { backUp } from '../../../src/services/backup/backup.js';
import { restore } from '../../../src/services/backup/restore.js';
import { sqliteCopies } from '../../../src/stores/sqlite-copies.js';
import { accountExample } from '../../doubles/account.js';
import { type KeyStage, openKeyStage } from '../keys/key-stage.js';
import { ALICE } from '../stage.js';

let stage: KeyStage;
beforeEach(async () => {
  stage = await openKeyStage();
});
afterEach(() => stage.close());

async function add(label: string): Promise<string> {
  const { id: _, subjectDigest: __, generation: ___, hasRefreshToken: ____, ...facts } = accountExample();
  const vault = await stage.access.open();
  if (vault === null) throw new Error('no vault');
  const refreshToken = new Secret('refresh-token-example');
  const tokens = { accessToken: new Secret('access-token-example'), refreshToken };
  const identity = { ...ALICE, subject: label };
  const added = await vault.add({ ...facts, label }, { ...tokens, identity });
  if (added === null) throw new Error('not added');
  return added.id;
}

describe('restoring', () => {
  it('keeps every account from being refreshed while the vault changes, and no longer', async () => {
    const file = join(stage.folder.home, 'backup');
    const { paths, files, clock, locks } = stage.folder;
    const copies = sqliteCopies(paths.database, files, clock);
    const deps = {
      ...stage.deps,
      files,
      folder: paths.data,
      copies,
      closeStore: stage.access.close,
      standing: async () => null,
    };
    const accounts = [await add('alice'), await add('bob')];
    await backUp(deps, file, false);
    const held: string[] = [];
    async function takeOver(copy: string): Promise<void> {
      for (const id of accounts) {
        await expect(locks.acquire(id, 0)).rejects.toMatchObject({ code: 'busy' });
        held.push(id);
      }
      await copies.takeOver(copy);
    }
    await restore({ ...deps, copies: { ...copies, takeOver } }, file);
    expect(held).toEqual(accounts);
    for (const id of accounts) await (await locks.acquire(id, 0)).release();
  });
});
