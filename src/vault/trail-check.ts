import { equalBytes } from '../crypto/derive.js';
import { accountName } from '../domain/account.js';
import { count } from '../domain/wording.js';
import type { RowFacts, SealedAccount, Store, TrailEntry } from '../stores/contract.js';
import { isDamage, NOT_THOSE, type RowSetFault } from './damage.js';
import type { Keyring } from './keyring.js';
import { type Ledger, openLedger } from './ledger.js';
import { modulo, partsIn, rowDigest, sumsOf, totalsOf } from './row-sums.js';
import { openIdentity } from './sealed-account.js';
import { entryMac, type Trail } from './trail.js';

/* Compares the database with its sealed ledger: the chain of trail entries, and the set of account rows. */

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

const MAX_NAMED = 5;
/** Limits on the search for an older row: about a second of work. */
const MAX_DIGESTS = 200_000;
const MAX_GENERATIONS = 1_000;

/** How the rows differ from the ledger. */
export interface Disagreement {
  /** Rows that the ledger counts and the table lacks; negative when the table has more. */
  readonly missing: number;
  /** The ledger's sum less the sum over the table, modulo 2^256. */
  readonly lack: bigint;
}

/** @returns null when the rows are exactly those of the ledger */
export function compare(keyring: Keyring, ledger: Ledger, rows: readonly RowFacts[]): Disagreement | null {
  const found = sumsOf(keyring, rows, partsIn(ledger.sums));
  if (found.equals(ledger.sums)) return null;
  const [stored, there] = [totalsOf(ledger.sums), totalsOf(found)];
  return { missing: stored.rows - there.rows, lack: modulo(stored.sum - there.sum) };
}

/**
 * Finds out what was done to the rows, for the message.
 *
 * @param account reads a whole row
 */
export async function explain(
  keyring: Keyring,
  rows: readonly RowFacts[],
  { missing, lack }: Disagreement,
  account: (id: string) => Promise<SealedAccount | null>,
): Promise<RowSetFault> {
  const altered = await unopened(keyring, rows, account);
  if (altered.length > 0) {
    const names = altered.slice(0, MAX_NAMED).map(accountName).join(', ');
    const more = altered.length > MAX_NAMED ? ', …' : '';
    const besides = missing > 0 ? `, and ${lost(missing)}` : '';
    const was = altered.length === 1 ? 'was' : 'were';
    return { kind: 'altered', what: `${names}${more} ${was} altered${besides}` };
  }
  if (missing > 0) return { kind: 'missing', what: lost(missing) };
  if (missing < 0) return { kind: 'foreign', what: foreign(keyring, rows, missing, lack) };
  return older(keyring, rows, lack) ?? NOT_THOSE;
}

/** A row that was renamed or put together from others does not open: its fields are bound to it. */
async function unopened(
  keyring: Keyring,
  rows: readonly RowFacts[],
  account: (id: string) => Promise<SealedAccount | null>,
): Promise<readonly RowFacts[]> {
  const found: RowFacts[] = [];
  for (const row of rows) {
    try {
      const whole = await account(row.id);
      if (whole !== null) openIdentity(keyring, whole);
    } catch (failure) {
      if (!isDamage(failure)) throw failure;
      found.push(row);
    }
  }
  return found;
}

function foreign(keyring: Keyring, rows: readonly RowFacts[], missing: number, lack: bigint): string {
  const added =
    missing === -1 ? rows.find((row) => modulo(lack + rowDigest(keyring, row)) === 0n) : undefined;
  if (added !== undefined) return `${accountName(added)} is not among the accounts that were stored last`;
  return `it contains ${count(-missing, 'account')} more than were stored`;
}

/** Searches for one row that was restored from an older copy: with a later generation of it the sum is right. */
function older(keyring: Keyring, rows: readonly RowFacts[], lack: bigint): RowSetFault | null {
  const steps = Math.min(MAX_GENERATIONS, Math.floor(MAX_DIGESTS / rows.length));
  for (const row of rows) {
    const wanted = modulo(lack + rowDigest(keyring, row));
    for (let step = 1; step <= steps; step += 1) {
      const generation = row.generation + step;
      if (rowDigest(keyring, { ...row, generation }) !== wanted) continue;
      const what = `${accountName(row)} was restored from an older copy (generation ${row.generation} instead of ${generation})`;
      return { kind: 'older', what };
    }
  }
  return null;
}

function lost(missing: number): string {
  return `${count(missing, 'account')} ${missing === 1 ? 'is' : 'are'} missing`;
}
