import { accountName } from '../domain/account.js';
import { count } from '../domain/wording.js';
import type { RowFacts, SealedAccount } from '../stores/contract.js';
import { isDamage, NOT_THOSE, type RowSetFault } from './damage.js';
import type { Keyring } from './keyring.js';
import type { Ledger } from './ledger.js';
import { modulo, partsIn, rowDigest, sumsOf, totalsOf } from './row-sums.js';
import { openIdentity } from './sealed-account.js';

/* Checks the account rows against the sums that are sealed in the ledger. */

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
export function compareRows(
  keyring: Keyring,
  ledger: Ledger,
  rows: readonly RowFacts[],
): Disagreement | null {
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
export async function explainRows(
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
