import type { NewVaultHead } from '../../src/stores/contract.js';
import { type OpenStore, storeContract } from '../contracts.js';
import { headExample, vaultFolder } from '../harness/vault-folder.js';

/** Every store of `src/stores`, and how one with this head is made; a further store is a line more. */
const STORES: readonly (readonly [name: string, open: OpenStore])[] = [['SQLite', openSqlite]];

async function openSqlite(head: NewVaultHead) {
  const folder = vaultFolder();
  const store = await folder.factory.create(head);
  return {
    store,
    another: () => folder.factory.open(),
    async close() {
      await store.close();
      folder.remove();
    },
  };
}

for (const [name, open] of STORES) storeContract(name, open, headExample());
