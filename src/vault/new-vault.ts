import type { MasterKeyRow, NewVaultHead, TrailFacts, VaultHead } from '../stores/contract.js';
import { freshDataKeys, wrapDataKeys } from './data-keys.js';
import { openKeyring } from './keyring.js';
import { ledgerOf, sealLedger, withPlace } from './ledger.js';
import { keyCheckValue, masterReference } from './master-key.js';
import { placeOf, sealMark } from './rollback.js';
import { extend, type TrailLine } from './trail.js';

const FIRST_EPOCH = 1;
const NO_TRAIL: TrailFacts = { has: () => false, last: () => 0, beyond: () => 0, mac: () => null };

export interface NewVault {
  readonly head: NewVaultHead;
  /** The rollback mark. Write it before the vault, or the vault looks like a copy. */
  readonly mark: { readonly name: string; readonly bytes: Uint8Array };
}

export interface NewVaultFacts {
  /** 16 random bytes. */
  readonly vaultId: Uint8Array;
  /** The kind of the key source. */
  readonly source: string;
  /** 32 bytes; the caller wipes it. */
  readonly master: Uint8Array;
  /** What a derived source needs to derive the key again; null for other sources. */
  readonly parameters?: string | null;
  readonly now: number;
  /** Identifies the place. */
  readonly where: readonly string[];
  /** The first events of its trail. */
  readonly lines?: readonly TrailLine[];
}

export function newVault(facts: NewVaultFacts): NewVault {
  const { vaultId, source, master, parameters, now, where, lines = [] } = facts;
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

/** A new vault's head: fresh data keys under the given master key, which the caller wipes. */
export function createHead(
  vaultId: Uint8Array,
  source: string,
  master: Uint8Array,
  now: number,
  parameters: string | null = null,
): VaultHead {
  const reference = masterReference(vaultId, 1);
  const dataKeys = freshDataKeys(0, now);
  const wrappedKeys = wrapDataKeys(vaultId, reference, master, dataKeys);
  for (const { key } of dataKeys) key.fill(0);
  const checkValue = keyCheckValue(vaultId, reference, master);
  return {
    vaultId,
    createdAt: now,
    masterKeys: [{ reference, source, parameters, checkValue, createdAt: now }],
    wrappedKeys,
  };
}
