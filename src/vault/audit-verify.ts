import { equalBytes } from '../crypto/derive.js';
import type { Store, TrailEntry } from '../stores/contract.js';
import { entryMac, type Trail } from './audit-chain.js';
import type { Keyring } from './keyring.js';
import { openLedger } from './ledger.js';

const PAGE = 2_000;
/** How often what looks wrong is looked at again because somebody has written meanwhile. */
const TRIES = 10;

/** What was done to an entry, or where it should be. */
export type TrailFaultKind = 'edited' | 'missing' | 'out_of_order' | 'duplicated' | 'added' | 'tail_cut';

/** The first entry that is not as it was written. */
export interface TrailFault {
  readonly kind: TrailFaultKind;
  readonly seq: number;
  /** When that entry says that it was, milliseconds since the epoch; null where there is none. */
  readonly at: number | null;
}

export interface TrailReport {
  /** How many entries were found as they were written, before the fault if there is one. */
  readonly checked: number;
  /** Entries of a trail whose key was lost with an earlier ledger: nothing proves them. */
  readonly unproved: number;
  /** Null when the whole trail is as it was written. */
  readonly fault: TrailFault | null;
}

/**
 * Follows the chain from its first entry to the head that is sealed in the ledger. While it does others may go on writing:
 * entries behind the head that was read are theirs.
 *
 * @throws VaultError `vault_damaged` when the ledger cannot be opened
 */
export async function verifyTrail(keyring: Keyring, store: Store, tries = TRIES): Promise<TrailReport> {
  const sealed = await store.ledger();
  const { trail } = openLedger(keyring, sealed);
  const check = new ChainCheck(keyring.vaultId, trail);
  await eachEntry(store, (entry) => check.next(entry));
  const fault = check.end();
  if (fault === null) return check.report(null);
  // The oldest entries may have been forgotten while they were read, and others written at the end.
  const { epoch } = await store.ledger();
  if (epoch !== sealed.epoch && tries > 1) return verifyTrail(keyring, store, tries - 1);
  return check.report(await explained(keyring, trail, store, fault, check.seen));
}

/** @param visit says whether to go on */
async function eachEntry(store: Store, visit: (entry: TrailEntry) => boolean): Promise<void> {
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const entries = await store.trail.after(after, PAGE);
    for (const entry of entries) if (!visit(entry)) return;
    const last = entries.at(-1);
    if (last === undefined) return;
    after = last.seq;
  }
}

/** Takes the entries in the order of their numbers. */
class ChainCheck {
  readonly #vaultId: Uint8Array;
  readonly #trail: Trail | null;
  #expected: number;
  #before: Uint8Array;
  #unproved = 0;
  #firstUnproved: TrailEntry | null = null;
  #fault: TrailFault | null = null;
  #wrong: TrailEntry | null = null;

  constructor(vaultId: Uint8Array, trail: Trail | null) {
    this.#vaultId = vaultId;
    this.#trail = trail;
    this.#expected = trail?.first ?? 1;
    this.#before = trail?.base ?? new Uint8Array();
  }

  /** The entry at which the chain broke; null when it is one that is not there. */
  get seen(): TrailEntry | null {
    return this.#wrong;
  }

  next(entry: TrailEntry): boolean {
    const trail = this.#trail;
    const { seq, at } = entry;
    if (trail === null || seq > trail.last) return this.#broken({ kind: 'added', seq, at }, entry);
    if (seq < trail.first) {
      this.#firstUnproved ??= entry;
      this.#unproved += 1;
      return true;
    }
    // A trail that goes on behind a lost ledger begins with the acceptance of that.
    const early = seq === trail.first && !isAcceptance(entry) ? this.#firstUnproved : null;
    if (early !== null) return this.#broken({ kind: 'added', seq: early.seq, at: early.at }, early);
    if (seq > this.#expected) return this.#broken({ kind: 'missing', seq: this.#expected, at: null }, null);
    const mac = entryMac(this.#vaultId, trail.key, entry, this.#before);
    if (!equalBytes(mac, entry.mac)) return this.#broken({ kind: 'edited', seq, at }, entry);
    this.#before = mac;
    this.#expected += 1;
    return true;
  }

  end(): TrailFault | null {
    const trail = this.#trail;
    const isWhole = trail === null || this.#expected > trail.last;
    if (this.#fault === null && !isWhole) {
      this.#fault = { kind: 'tail_cut', seq: this.#expected, at: null };
    }
    return this.#fault;
  }

  report(fault: TrailFault | null): TrailReport {
    const checked = this.#expected - (this.#trail?.first ?? 1);
    return { checked, unproved: this.#unproved, fault };
  }

  #broken(fault: TrailFault, entry: TrailEntry | null): false {
    this.#fault = fault;
    this.#wrong = entry;
    return false;
  }
}

function isAcceptance({ body }: TrailEntry): boolean {
  try {
    return (JSON.parse(body) as Record<string, unknown>)['event'] === 'rollback_accepted';
  } catch {
    return false;
  }
}

/**
 * Finds out what was done. A code that fits the entry behind another one than stands before it belongs to an entry that was
 * moved; a body that is there twice was copied; entries that were taken out and the rest numbered anew are fewer than the
 * head counts.
 */
async function explained(
  keyring: Keyring,
  trail: Trail | null,
  store: Store,
  fault: TrailFault,
  wrong: TrailEntry | null,
): Promise<TrailFault> {
  if (wrong === null || trail === null) return fault;
  // What was moved, and what made room for it, has a number that is one off; what was exchanged, the other one's.
  const numbers = (seq: number) => [seq, seq + 1, seq + 2, wrong.seq - 1, wrong.seq + 1];
  let copies = 0;
  let moved = false;
  let present = 0;
  const fitsBehind = (seq: number, before: Uint8Array) =>
    equalBytes(entryMac(keyring.vaultId, trail.key, { ...wrong, seq }, before), wrong.mac);
  await eachEntry(store, ({ seq, body, mac }) => {
    if (seq >= trail.first) present += 1;
    if (body === wrong.body) copies += 1;
    if (fault.kind === 'edited') moved ||= numbers(seq).some((own) => fitsBehind(own, mac));
    return true;
  });
  if (copies > 1) return { ...fault, kind: 'duplicated' };
  if (moved) return { ...fault, kind: 'out_of_order' };
  const tooFew = present < trail.last - trail.first + 1;
  return fault.kind === 'edited' && tooFew ? { ...fault, kind: 'missing' } : fault;
}
