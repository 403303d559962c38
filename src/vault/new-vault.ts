import type { MasterKeyRow, NewVaultHead, TrailFacts } from '../stores/contract.js';
import { extend, type TrailLine } from './audit-chain.js';
import { createHead } from './data-keys.js';
import { openKeyring } from './keyring.js';
import { ledgerOf, sealLedger, withPlace } from './ledger.js';
import { placeOf, sealMark } from './standing.js';

const FIRST_EPOCH = 1;
const NO_TRAIL: TrailFacts = { has: () => false, last: () => 0, mac: () => null };

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
 * @param lines what its trail begins with
 */
export function newVault(
  vaultId: Uint8Array,
  source: string,
  master: Uint8Array,
  now: number,
  where: readonly string[],
  parameters: string | null = null,
  lines: readonly TrailLine[] = [],
): NewVault {
  const head = createHead(vaultId, source, master, now, parameters);
  const [masterKey] = head.masterKeys as readonly [MasterKeyRow];
  const keyring = openKeyring(head, masterKey, master);
  try {
    const name = placeOf(vaultId, where);
    const { trail, entries } = extend(vaultId, null, lines, NO_TRAIL);
    const empty = ledgerOf(keyring, [], new Map(), trail);
    const ledger = sealLedger(keyring, FIRST_EPOCH, withPlace(empty, name, FIRST_EPOCH));
    return {
      head: { ...head, ledger, entries },
      mark: { name, bytes: sealMark(keyring, name, FIRST_EPOCH) },
    };
  } finally {
    keyring.wipe();
  }
}
