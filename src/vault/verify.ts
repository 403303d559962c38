import { equalBytes } from '../crypto/derive.js';
import { accountName } from '../domain/account.js';
import { count } from '../domain/wording.js';
import type { RowFacts, SealedAccount, Store, TrailEntry } from '../stores/contract.js';
import { isDamage, NOT_THOSE, type RowSetFault } from './damage.js';
import type { Keyring } from './keyring.js';
import { entryMac, type Ledger, ledgerOf, modulo, openLedger, rowDigest, type Trail } from './ledger.js';
import { openIdentity } from './sealed-record.js';

const PAGE = 2_000;
/** How often the check begins again because somebody was writing while it found a fault. */
const TRIES = 10;

/** What was done to an entry, or where it should be. */
export type TrailFaultKind = 'edited' | 'missing' | 'out_of_order' | 'duplicated' | 'added' | 'tail_cut';

/** The first entry that is not as it was written. */
export interface TrailFault {
  readonly kind: TrailFaultKind;
  readonly seq: number;
  /** The time in that entry, milliseconds since the epoch; null where there is no entry. */
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
 * Follows the chain from its first entry to the head that is sealed in the ledger. Others may write meanwhile, which can look
 * like a fault: then the check begins again.
 *
 * @param tries how often it may begin
 * @throws VaultError `vault_damaged` when the ledger cannot be opened
 */
export async function verifyTrail(keyring: Keyring, store: Store, tries = TRIES): Promise<TrailReport> {
  const sealed = await store.ledger();
  const { trail } = openLedger(keyring, sealed);
  const { checked, unproved, broken } = await follow(keyring.vaultId, trail, store);
  if (broken === null) return { checked, unproved, fault: null };
  // The oldest entries may have been forgotten while they were read, and others written at the end.
  const { epoch } = await store.ledger();
  if (epoch !== sealed.epoch && tries > 1) return verifyTrail(keyring, store, tries - 1);
  return { checked, unproved, fault: await explained(keyring, trail, store, broken) };
}

/** Whether the last entry is the one that the ledger names. Somebody who is just writing makes it look as if it were not. */
export async function tailMatchesLedger(keyring: Keyring, store: Store): Promise<boolean> {
  const { trail } = openLedger(keyring, await store.ledger());
  if (trail === null) return true;
  const [last] = await store.trail.after(trail.last - 1, 1);
  return last?.seq === trail.last && (await store.trail.beyond(trail.last)) === 0;
}

/** @param visit says whether to go on */
async function eachEntry(store: Store, visit: (entry: TrailEntry) => boolean): Promise<void> {
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const entries = await store.trail.after(after, PAGE);
    const last = entries.at(-1);
    // Numbers too high to be read look the same: then there are no others.
    if (last === undefined || last.seq <= after) return;
    for (const entry of entries) if (!visit(entry)) return;
    after = last.seq;
  }
}

/** Where the chain broke. */
interface Break {
  readonly fault: TrailFault;
  /** The entry at which it did; null when that is one that is not there. */
  readonly entry: TrailEntry | null;
}

interface Followed extends Omit<TrailReport, 'fault'> {
  /** Null when the chain leads to the head. */
  readonly broken: Break | null;
}

/** Takes the entries in the order of their numbers, as far as each fits behind the one before. */
async function follow(vaultId: Uint8Array, trail: Trail | null, store: Store): Promise<Followed> {
  const first = trail?.first ?? 1;
  let expected = first;
  let before: Uint8Array = trail?.base ?? new Uint8Array();
  let unproved = 0;
  let firstUnproved: TrailEntry | null = null;

  /** @returns null when the entry fits behind those before it, and is counted */
  function breakAt(entry: TrailEntry): Break | null {
    const { seq, at } = entry;
    if (trail === null || seq > trail.last) return { fault: { kind: 'added', seq, at }, entry };
    if (seq < trail.first) {
      firstUnproved ??= entry;
      unproved += 1;
      return null;
    }
    // Entries whose key was lost with a ledger are followed by the entry with which a person accepted that loss.
    if (seq === trail.first && firstUnproved !== null && !isAcceptance(entry)) {
      const { seq: early, at: then } = firstUnproved;
      return { fault: { kind: 'added', seq: early, at: then }, entry: firstUnproved };
    }
    if (seq > expected) return { fault: { kind: 'missing', seq: expected, at: null }, entry: null };
    const mac = entryMac(vaultId, trail.key, entry, before);
    if (!equalBytes(mac, entry.mac)) return { fault: { kind: 'edited', seq, at }, entry };
    before = mac;
    expected += 1;
    return null;
  }

  let broken: Break | null = null;
  await eachEntry(store, (entry) => {
    broken = breakAt(entry);
    return broken === null;
  });
  if (broken === null && trail !== null && expected <= trail.last)
    broken = { fault: { kind: 'tail_cut', seq: expected, at: null }, entry: null };
  return { checked: expected - first, unproved, broken };
}

function isAcceptance({ body }: TrailEntry): boolean {
  try {
    return (JSON.parse(body) as Record<string, unknown>)['event'] === 'rollback_accepted';
  } catch {
    return false;
  }
}

/**
 * Finds out what was done to the entry at which the chain broke. A body that is there twice was copied. A code that fits behind
 * another entry than the one before it belongs to an entry that was moved. Fewer entries than the head counts mean that some
 * were taken out and the rest renumbered.
 */
async function explained(
  keyring: Keyring,
  trail: Trail | null,
  store: Store,
  { fault, entry: wrong }: Break,
): Promise<TrailFault> {
  if (wrong === null || trail === null) return fault;
  // Numbers the entry may have had. A moved one, and those that made room for it, are off by one; two exchanged ones swap theirs.
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

const NAMED = 5;
/** Digests that are tried to find out which row it is: a second's work at most. */
const DIGEST_TRIES = 200_000;
const MOST_GENERATIONS = 1_000;

/** What the rows and the ledger disagree by. */
export interface Disagreement {
  /** How many rows more the ledger counts; negative: how many fewer. */
  readonly missing: number;
  /** The ledger's sum less the sum over the rows that are there, modulo 2^256. */
  readonly lack: bigint;
}

/** Adds the rows up again. @returns null when they are exactly those that the ledger knows */
export function compare(keyring: Keyring, ledger: Ledger, rows: readonly RowFacts[]): Disagreement | null {
  const found = ledgerOf(keyring, rows, ledger.places);
  const missing = ledger.rows - found.rows;
  const lack = modulo(ledger.sum - found.sum);
  return missing === 0 && lack === 0n ? null : { missing, lack };
}

/**
 * Finds out, for the person, what was done to the rows.
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
    const what = altered.length === 1 ? 'was altered' : 'were altered';
    const besides = missing > 0 ? `, and ${lost(missing)}` : '';
    return { kind: 'altered', what: `${names(altered)} ${what}${besides}` };
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
  if (added !== undefined) return `${accountName(added)} does not belong there: it had been taken out`;
  return `it holds ${count(-missing, 'account')} more than were stored in it`;
}

/** Looks for one row that was put back from an older copy: the sum is right if that row had a later generation. */
function older(keyring: Keyring, rows: readonly RowFacts[], lack: bigint): RowSetFault | null {
  const steps = Math.min(MOST_GENERATIONS, Math.floor(DIGEST_TRIES / rows.length));
  for (const row of rows) {
    const wanted = modulo(lack + rowDigest(keyring, row));
    for (let step = 1; step <= steps; step += 1) {
      const generation = row.generation + step;
      if (rowDigest(keyring, { ...row, generation }) !== wanted) continue;
      const what = `${accountName(row)} was put back from an older copy (its generation is ${row.generation}, the last one was ${generation})`;
      return { kind: 'older', what };
    }
  }
  return null;
}

function names(rows: readonly RowFacts[]): string {
  return rows.slice(0, NAMED).map(accountName).join(', ') + (rows.length > NAMED ? ', …' : '');
}

function lost(missing: number): string {
  const were = missing === 1 ? 'was' : 'were';
  return `${count(missing, 'account')} that ${were} stored in it ${missing === 1 ? 'is' : 'are'} missing`;
}
