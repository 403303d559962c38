import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { vaultAccess } from '../../src/access/vault-access.js';
import { keyFileSource } from '../../src/keysources/key-file.js';
import { accountExample } from '../doubles/account.js';
import { withActors } from '../harness/actor.js';
import { needs } from '../harness/parts.js';
import { type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

const WRITERS = 12;

let folder: VaultFolder;
beforeEach(() => {
  folder = vaultFolder();
});
afterEach(() => folder.remove());

it('a dozen concurrent writers leave rows, ledger and mark consistent', async (context) => {
  needs(context, 'the built command line');
  const keyFile = join(folder.home, 'master.key');
  const joined = await withActors(WRITERS, (actors) =>
    Promise.all(
      actors.map((actor, index) => {
        const facts = accountExample({ label: `person-${index}` });
        return actor.ask('join', { home: folder.home, keyFile, facts, subject: `subject-${index}` });
      }),
    ),
  );
  expect(joined).toEqual(Array(WRITERS).fill(true));
  const access = vaultAccess({
    ...folder,
    audit: { record: () => {} },
    keySource: async () => keyFileSource(keyFile, folder.files),
    rememberKeySource: async () => () => {},
  });
  const vault = await access.open();
  expect(await vault?.examine()).toEqual({
    standing: 'current',
    rowSet: null,
    ledger: null,
    epoch: 1 + WRITERS,
    sealings: expect.any(Number),
    troubles: [],
  });
  await expect(vault?.requireCurrent()).resolves.toBeUndefined();
  await access.close();
});
