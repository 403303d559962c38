import { accountName } from '../domain/account.js';
import { count } from '../domain/wording.js';
import type { RowFacts, SealedAccount } from '../stores/contract.js';
import { isDamage, NOT_THOSE, type RowSetFault } from './damage.js';
import type { Keyring } from './keyring.js';
import { type Ledger, ledgerOf, modulo, rowDigest } from './ledger.js';
import { openIdentity } from './sealed-record.js';

const NAMED = 5;
/** Digests that are tried to find out which row it is: a second's work at most. */
const TRIES = 200_000;
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
  const steps = Math.min(MOST_GENERATIONS, Math.floor(TRIES / rows.length));
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
