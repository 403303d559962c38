import { type Account, accountName } from '../../domain/account.js';
import { formatDuration, SECOND } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { shellName } from '../../domain/hints.js';
import type { Lock, Locks } from '../../stores/locks.js';
import type { Clock } from '../../system/contract.js';

/* A provider may take two minutes to answer. A command waits for less, and does not do so without a word. */

/** After this time a person is told what is waited for. */
const WITHOUT_A_WORD = 10 * SECOND;

/** Told once, of a command that goes on waiting. @param left how long it does at most, in milliseconds */
function slowNotice(account: Account, left: number): string {
  return `the refresh of ${accountName(account)} takes longer than ${formatDuration(WITHOUT_A_WORD)}; it is waited for up to ${formatDuration(left)} more, and it goes on when that is interrupted`;
}

/** Why a command stops waiting. @param waited milliseconds */
function tooSlow(account: Account, waited: number): VaultError {
  return new VaultError(
    'busy',
    `the refresh of ${accountName(account)} takes longer than ${formatDuration(waited)}: the provider has not answered yet, or the process that asks it was stopped`,
    {
      hint: `it goes on by itself; in a moment: vault token ${shellName(account)}\nsee whether it was stopped: pgrep -af vault`,
    },
  );
}

/**
 * Resolves to {@link tooSlow} after a time; for races with a refresh.
 *
 * @param over aborted when the race is decided: then it never settles
 * @param notice told of a wait that becomes long
 */
export async function refreshTimeout(
  clock: Clock,
  account: Account,
  patience: number,
  over: AbortSignal,
  notice: (line: string) => void = () => undefined,
): Promise<VaultError> {
  try {
    await clock.sleep(Math.min(patience, WITHOUT_A_WORD), over);
    const left = patience - WITHOUT_A_WORD;
    if (left > 0) {
      notice(slowNotice(account, left));
      await clock.sleep(left, over);
    }
  } catch {
    return new Promise<never>(() => {});
  }
  return tooSlow(account, patience);
}

/**
 * Waits until no other command of this user has the same account refreshed.
 *
 * @param patience milliseconds
 * @throws VaultError `busy` when that ends first
 */
export async function takeTurn(
  deps: {
    readonly locks: Locks;
    readonly interruption: AbortSignal;
    readonly notice: (line: string) => void;
  },
  account: Account,
  patience: number,
): Promise<Lock> {
  const { locks, interruption, notice } = deps;
  const name = `${account.id}-turn`;
  const left = patience - WITHOUT_A_WORD;
  try {
    return await locks.acquire(name, Math.min(patience, WITHOUT_A_WORD), interruption);
  } catch (failure) {
    if (left <= 0 || !(failure instanceof VaultError) || failure.code !== 'busy') throw failure;
    notice(slowNotice(account, left));
    return locks.acquire(name, left, interruption);
  }
}
