import { sealedHeader } from '../../crypto/sealed-box.js';
import { VaultError } from '../../domain/errors.js';
import type { Store, VaultHead } from '../../stores/contract.js';
import { dataKeyIds } from '../../vault/master-key.js';
import type { DataKeyView } from './keys-contract.js';

/** The data keys of a vault, of which every master key wraps the same. Needs no key. */
export async function dataKeysOf(store: Store, head: VaultHead): Promise<readonly DataKeyView[]> {
  const { replaced } = dataKeyIds(head);
  const accounts = await accountsByHeader(store);
  const found = new Map<number, DataKeyView>();
  for (const { dataKeyId: id, purpose, createdAt } of head.wrappedKeys) {
    const seals = accounts === null ? null : (accounts.get(sealedHeader(id).toString('hex')) ?? 0);
    found.set(id, { id, purpose, createdAt, replaced: replaced.includes(id), accounts: seals });
  }
  return [...found.values()];
}

/** For each beginning of a sealed field, how many accounts have one. @returns null when the rows cannot be read */
async function accountsByHeader(store: Store): Promise<ReadonlyMap<string, number> | null> {
  try {
    const numbers = new Map<string, number>();
    for (const { headers } of await store.dataKeys.sealedUnder()) {
      for (const header of headers) {
        const name = Buffer.from(header).toString('hex');
        numbers.set(name, (numbers.get(name) ?? 0) + 1);
      }
    }
    return numbers;
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    return null;
  }
}
