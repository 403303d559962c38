import type { MasterKeyRow, NewVaultHead, TrailFacts } from '../stores/contract.js';
import { extend, type TrailLine } from './audit-chain.js';
import { createHead } from './data-keys.js';
import { openKeyring } from './keyring.js';
import { ledgerOf, sealLedger, withPlace } from './ledger.js';
import { placeOf, sealMark } from './standing.js';

const FIRST_EPOCH = 1;
const NO_TRAIL: TrailFacts = { has: () => false, last: () => 0, beyond: () => 0, mac: () => null };

/** Everything a vault is born with. */
export interface NewVault {
  readonly head: NewVaultHead;
  /** For the place where it is made. On disk before the vault is, or the vault would look like a copy. */
  readonly mark: { readonly name: string; readonly bytes: Uint8Array };
}

/** What is decided on before a vault is made. */
export interface NewVaultFacts {
  /** 16 random bytes. */
  readonly vaultId: Uint8Array;
  /** The kind of the key source. */
  readonly source: string;
  /** 32 bytes; the caller wipes it. */
  readonly master: Uint8Array;
  /** What a derived source needs besides to make the key again; null, or left out, for other sources. */
  readonly parameters?: string | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What tells the place from every other. */
  readonly where: readonly string[];
  /** What its trail begins with; nothing when left out. */
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
