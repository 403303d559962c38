import type { MasterKeyRow, NewVaultHead } from '../stores/contract.js';
import { createHead, openKeyring } from './keyring.js';
import { ledgerOf, sealLedger, withPlace } from './ledger.js';
import { placeOf, sealMark } from './standing.js';

const FIRST_EPOCH = 1;

/** Everything a vault is born with. */
export interface NewVault {
  readonly head: NewVaultHead;
  /** For the place where it is made: on disk before the vault is, or the vault would look like a copy. */
  readonly mark: { readonly name: string; readonly bytes: Uint8Array };
}

/**
 * @param vaultId 16 random bytes
 * @param source the kind of the key source
 * @param master 32 bytes; the caller wipes it
 * @param now milliseconds since the epoch
 * @param where what tells the place from every other
 * @param parameters what the source needs besides to have the key
 */
export function newVault(
  vaultId: Uint8Array,
  source: string,
  master: Uint8Array,
  now: number,
  where: readonly string[],
  parameters: string | null = null,
): NewVault {
  const head = createHead(vaultId, source, master, now, parameters);
  const [masterKey] = head.masterKeys as readonly [MasterKeyRow];
  const keyring = openKeyring(head, masterKey, master);
  try {
    const name = placeOf(vaultId, where);
    const empty = ledgerOf(keyring, [], new Map());
    return {
      head: { ...head, ledger: sealLedger(keyring, FIRST_EPOCH, withPlace(empty, name, FIRST_EPOCH)) },
      mark: { name, bytes: sealMark(keyring, name, FIRST_EPOCH) },
    };
  } finally {
    keyring.wipe();
  }
}
