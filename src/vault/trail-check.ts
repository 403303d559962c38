import { equalBytes } from '../crypto/derive.js';
import type { Store, TrailEntry } from '../stores/contract.js';
import type { Keyring } from './keyring.js';
import { openLedger } from './ledger.js';
import { entryMac, type Trail } from './trail.js';

/* Checks the entries of the audit trail against the head of their chain, which is sealed in the ledger. */

const PAGE = 2_000;
const MAX_ATTEMPTS = 10;

/** The first entry that does not fit the chain. */
export interface TrailFault {
  /** `edited`: the entry does not fit behind the one before it. */
  readonly kind: 'edited' | 'missing' | 'added' | 'tail_cut';
  readonly seq: number;
  /** The time in that entry; null when there is none. */
  readonly at: number | null;
}

export interface TrailReport {
  /** How many entries fit, up to the fault if there is one. */
  readonly checked: number;
  /** Entries that nothing proves, because their key was lost with an earlier ledger. */
  readonly unproved: number;
  readonly fault: TrailFault | null;
}

/**
 * Follows the chain from its first entry to the head that is sealed in the ledger. A concurrent write can look like a fault, so
 * the check is repeated if the ledger has changed meanwhile.
 *
 * @throws VaultError `vault_damaged` when the ledger cannot be opened
 */
export async function verifyTrail(
  keyring: Keyring,
  store: Store,
  attempts = MAX_ATTEMPTS,
): Promise<TrailReport> {
  const sealed = await store.ledger();
  const { trail } = openLedger(keyring, sealed);
  const report = await follow(keyring.vaultId, trail, store);
  if (report.fault === null || attempts === 1) return report;
  const { epoch } = await store.ledger();
  return epoch === sealed.epoch ? report : verifyTrail(keyring, store, attempts - 1);
}

/** Whether the last entry is the one that the ledger names. A concurrent write can make this false. */
export async function tailMatchesLedger(keyring: Keyring, store: Store): Promise<boolean> {
  const { trail } = openLedger(keyring, await store.ledger());
  if (trail === null) return true;
  const [last] = await store.trail.after(trail.last - 1, 1);
  return last?.seq === trail.last && (await store.trail.beyond(trail.last)) === 0;
}

async function follow(vaultId: Uint8Array, trail: Trail | null, store: Store): Promise<TrailReport> {
  const first = trail?.first ?? 1;
  let expected = first;
  let before: Uint8Array = trail?.base ?? new Uint8Array();
  let unproved = 0;
  let firstUnproved: TrailEntry | null = null;
  const fault = (kind: TrailFault['kind'], seq: number, at: number | null = null): TrailReport => ({
    checked: expected - first,
    unproved,
    fault: { kind, seq, at },
  });

  for await (const entry of entriesOf(store)) {
    const { seq, at } = entry;
    if (trail === null || seq > trail.last) return fault('added', seq, at);
    if (seq < trail.first) {
      firstUnproved ??= entry;
      unproved += 1;
      continue;
    }
    // Entries whose key was lost with a ledger must be followed by the entry in which the user accepted that loss.
    if (seq === trail.first && firstUnproved !== null && !isAcceptance(entry))
      return fault('added', firstUnproved.seq, firstUnproved.at);
    if (seq > expected) return fault('missing', expected);
    const mac = entryMac(vaultId, trail.key, entry, before);
    if (!equalBytes(mac, entry.mac)) return fault('edited', seq, at);
    before = mac;
    expected += 1;
  }
  if (trail !== null && expected <= trail.last) return fault('tail_cut', expected);
  return { checked: expected - first, unproved, fault: null };
}

async function* entriesOf(store: Store): AsyncGenerator<TrailEntry> {
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const entries = await store.trail.after(after, PAGE);
    const last = entries.at(-1);
    // Several numbers too large for JavaScript are read as the same one, and nothing comes after it.
    if (last === undefined || last.seq <= after) return;
    yield* entries;
    after = last.seq;
  }
}

function isAcceptance({ body }: TrailEntry): boolean {
  try {
    return (JSON.parse(body) as Record<string, unknown>)['event'] === 'rollback_accepted';
  } catch {
    return false;
  }
}
