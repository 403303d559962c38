import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SealedAccount } from '../../src/stores/contract.js';
import { step } from '../doubles/ledger.js';
import { sealedExample } from '../doubles/sealed-account.js';
import { withActors } from '../harness/actor.js';
import { needs } from '../harness/parts.js';
import { headExample, type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

let folder: VaultFolder;
beforeEach(async () => {
  folder = vaultFolder();
  await (await folder.factory.create(headExample())).close();
});
afterEach(() => folder.remove());

const asText = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString('base64'));

/** As a message between processes can hold it. */
function portable({ sealed, ...visible }: SealedAccount) {
  const { accessToken, refreshToken, identity } = sealed;
  return {
    ...visible,
    sealed: {
      accessToken: asText(accessToken),
      refreshToken: asText(refreshToken),
      identity: asText(identity),
    },
  };
}

const accounts = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => sealedExample(from + n));

describe('several processes on one vault', () => {
  it('write concurrently without losing a commit or failing as busy', async (context) => {
    needs(context, 'the built command line');
    const [writers, each] = [8, 25];
    const written = await withActors(writers, (actors) =>
      Promise.all(
        actors.map((actor, index) =>
          actor.ask<number>('insert', {
            home: folder.home,
            accounts: accounts(index * each, each).map(portable),
          }),
        ),
      ),
    );
    expect(written).toEqual(Array(writers).fill(each));
    const store = await folder.factory.open();
    expect(await store.accounts()).toHaveLength(writers * each);
    expect(await store.account(sealedExample(77).id)).toEqual(sealedExample(77));
    await store.close();
  });

  it('may read without a pause, and a writer still succeeds', async (context) => {
    needs(context, 'the built command line');
    const store = await folder.factory.open();
    await Promise.all(accounts(0, 2_000).map((account) => store.insert(account, step)));
    const counts = await withActors(6, async (actors) => {
      await Promise.all(actors.map((actor) => actor.ask('read', { home: folder.home })));
      for (const account of accounts(2_000, 20)) expect(await store.insert(account, step)).toBe(true);
      return Promise.all(actors.map((actor) => actor.ask<number>('stop')));
    });
    expect(counts.every((count) => count > 0)).toBe(true);
    expect(await store.accounts()).toHaveLength(2_020);
    await store.close();
  });
});
