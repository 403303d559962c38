import type { AuditEvent } from '../../audit/events.js';
import { equalBytes } from '../../crypto/derive.js';
import { VaultError } from '../../domain/errors.js';
import type { KeySource } from '../../keysources/contract.js';
import type { MasterKeyRow, Store, VaultHead } from '../../stores/contract.js';
import type { Keyring } from '../../vault/keyring.js';
import { keyCheckValue, nextReference } from '../../vault/master-key.js';
import type { KeysDeps } from './keys.js';
import { makeBeside } from './leftover-keys.js';
import type { NewMaster } from './new-master.js';
import { recordNewKey } from './record-new-key.js';

/** An exchange: which keys of which vault go, and where the new one comes from. */
export interface Exchange {
  readonly store: Store;
  readonly head: VaultHead;
  readonly target: KeySource;
  /** Rows of the target's kind that the new one takes the place of. */
  readonly dropped: readonly MasterKeyRow[];
  /** The data keys, for the new key to wrap. */
  readonly keyring: Keyring;
  /** What the trail says of it. @param reference of the new key */
  readonly event: (reference: string) => AuditEvent;
}

/**
 * Makes a new master key in a source, beside one that is there, reads it back, and puts its row in the
 * place of others in one commit, with its entry in the trail. What fails before the commit leaves the source as it was, or
 * leaves a note of the key that stayed there.
 *
 * @throws VaultError the source's codes; `usage` when a source gives no other key than before
 */
export async function exchangeKey(deps: KeysDeps, exchange: Exchange): Promise<MasterKeyRow> {
  const made = await newMaster(deps, exchange);
  try {
    await deps.readBack(exchange.target, made);
    return await commit(deps, exchange, made);
  } catch (failure) {
    await takeBack(exchange, made);
    throw failure;
  } finally {
    made.master.fill(0);
  }
}

async function newMaster(deps: KeysDeps, { store, head, target, dropped }: Exchange): Promise<NewMaster> {
  const known = [...head.masterKeys, ...(await store.leftovers())];
  if (target.keys === 'stored') return makeBeside(deps, store, target, head.vaultId, known);
  const reference = nextReference(head.vaultId, known);
  const replaced = dropped.map(({ reference: old, checkValue, parameters }) => ({
    parameters,
    matches: (key: Buffer) => equalBytes(keyCheckValue(head.vaultId, old, key), checkValue),
  }));
  if (target.keys === 'derived') {
    const { key, parameters } = await target.derive(reference, replaced);
    return { reference, master: key, parameters };
  }
  const master = await target.load(reference);
  if (!replaced.some(({ matches }) => matches(master))) return { reference, master, parameters: null };
  master.fill(0);
  throw new VaultError('usage', `the ${target.place} still gives the key that is to be replaced`, {
    hint: `put a new key there, then run it again: ${target.recipe}`,
  });
}

function commit(
  deps: KeysDeps,
  { store, head, target: source, dropped, keyring, event }: Exchange,
  made: NewMaster,
): Promise<MasterKeyRow> {
  const references = dropped.map(({ reference }) => reference);
  const newKey = { head, source, made, event: event(made.reference) };
  return recordNewKey(deps, { store, keyring }, newKey, (row, wrapped, step) =>
    store.exchangeMasterKey(references, row, wrapped, step),
  );
}

/** A commit that was said to fail may be on the disk all the same: then the new key is the one that is needed. */
async function takeBack({ store, target, dropped }: Exchange, { reference }: NewMaster): Promise<void> {
  if (target.keys !== 'stored') return;
  try {
    const { masterKeys } = await store.head();
    if (masterKeys.some((each) => each.reference === reference)) return;
    await target.drop(reference, dropped[0]?.reference ?? null);
    await store.forgetLeftover({ reference, source: target.kind });
  } catch {
    // It is noted, and the next run clears it away.
  }
}
