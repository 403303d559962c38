import { accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { missingScopes } from '../domain/scopes.js';
import { nextStatus } from '../domain/status.js';
import type { SealedAccount } from '../stores/contract.js';
import type { Locks } from '../stores/locks.js';
import type { FoundAnswer, Spill } from '../stores/spill.js';
import { changeNotTaken, isDamage } from '../vault/damage.js';
import type { UnstoredAnswer, UnstoredLogin, WaitingAnswer } from '../vault/sealed-spill.js';
import type { Vault } from '../vault/vault.js';
import { commitLogin, hasLoggedInSince, isTaken, noteConsent } from './login/login-commit.js';
import { commitAnswer } from './refresh/refresh-store.js';

export interface LockDeps {
  readonly locks: Locks;
  readonly spill: Pick<Spill, 'find'>;
}

/** An account that no other process changes until it is released. */
export interface HeldAccount {
  /** The account as it is now, after every spilled answer was stored; null when it was removed. */
  readonly account: SealedAccount | null;
  /** Whether a spilled answer was stored just now. */
  readonly recovered: boolean;
  /** How many spilled answers do not open. They stay there: one may hold the newest refresh token. */
  readonly unopened: number;
  release(): Promise<void>;
}

/**
 * Locks an account, reads it again, and stores the spilled answers of earlier refreshes. Everything that sends, replaces, copies
 * or removes a refresh token begins here: the stored one may have been used up for a spilled answer.
 *
 * @param timeout milliseconds; Infinity waits as long as it takes
 * @throws VaultError `busy` when another process holds the account for longer; the vault's own, and then the spilled answer stays;
 * the signal's reason
 */
export async function lockAndRead(
  deps: LockDeps,
  vault: Vault,
  id: string,
  timeout: number,
  signal?: AbortSignal,
): Promise<HeldAccount> {
  const lock = await deps.locks.acquire(id, timeout, signal);
  try {
    const account = await vault.account(id);
    const taken =
      account === null ? NOTHING : await recoverSpilledAnswers(vault, account, deps.spill.find(id));
    return { account, ...taken, release: lock.release };
  } catch (failure) {
    await lock.release();
    throw failure;
  }
}

const NOTHING = { recovered: false, unopened: 0 };

/** The process that wrote them held the lock, so it has finished writing. */
async function recoverSpilledAnswers(vault: Vault, before: SealedAccount, found: readonly FoundAnswer[]) {
  let account = before;
  const opening: { readonly slot: FoundAnswer; readonly at: number }[] = [];
  for (const slot of found) {
    const waiting = await opened(vault, account, slot);
    if (waiting !== null)
      opening.push({ slot, at: 'consent' in waiting ? waiting.consent.at : askedAt(waiting) });
  }
  const unopened = found.length - opening.length;
  for (const { slot } of opening.sort((some, other) => some.at - other.at)) {
    const waiting = await opened(vault, account, slot);
    if (waiting !== null && 'consent' in waiting)
      account = await storedLogin(vault, account, waiting, unopened);
    else if (waiting !== null) account = await storedAnswer(vault, account, slot.generation, waiting);
    slot.clear();
  }
  return { account, recovered: account !== before, unopened };
}

/** @returns null when it does not open, or cannot be compared because the stored account does not open */
async function opened(vault: Vault, account: SealedAccount, { generation, sealed }: FoundAnswer) {
  try {
    if (generation === null) return await vault.openLogin(account.id, sealed);
    return await vault.openAnswer(account, generation, sealed);
  } catch (failure) {
    if (isDamage(failure)) return null;
    throw failure;
  }
}

/** Stores a login, unless there was a later one. */
async function storedLogin(vault: Vault, account: SealedAccount, login: UnstoredLogin, unopened: number) {
  if (await hasLoggedInSince(vault, account, login.consent)) return account;
  const free = login.as === null || !(await isTaken(vault, account.provider, login.as));
  const { account: updated } = await commitLogin(
    vault,
    account,
    free ? login : { ...login, as: null },
    unopened,
  );
  await noteConsent(vault, updated, login.consent);
  return updated;
}

async function storedAnswer(
  vault: Vault,
  account: SealedAccount,
  generation: number | null,
  answer: WaitingAnswer,
): Promise<SealedAccount> {
  const newer = newerPart(account, generation, answer);
  if (newer === null) return account;
  const updated = await commitAnswer(vault, account, newer, await vault.contents(account));
  if (updated !== null) return updated;
  const now = await vault.account(account.id);
  if (now?.generation === account.generation) throw changeNotTaken();
  throw new VaultError(
    'busy',
    `new tokens of ${accountName(account)}, kept beside the vault, could not be stored, because another process changed the account`,
    { hint: 'run the command again' },
  );
}

/** When the request for it was begun, milliseconds since the epoch. */
function askedAt({ change }: UnstoredAnswer): number {
  return change.lastRefreshAt ?? change.issuedAt ?? 0;
}

/**
 * The part of an answer that is newer than the stored account. When nothing has changed since the request, or the request was
 * later than everything stored, that is all of it. Otherwise a login came in between. A login without a refresh token left in
 * place the one that this answer has replaced: then the refresh token in the answer is the current one. A login with a refresh
 * token has replaced this grant.
 *
 * @returns null when no part of it is newer
 */
function newerPart(
  account: SealedAccount,
  generation: number | null,
  answer: WaitingAnswer,
): UnstoredAnswer | null {
  const { followsStored, refreshToken, change } = answer;
  if (generation === account.generation && followsStored !== false) return answer;
  // A login may have begun before the refresh and be stored after it, and clocks are set back.
  const isEarlier = generation !== null && generation < account.generation;
  if (isEarlier && account.hasRefreshToken && followsStored === false) return null;
  if (askedAt(answer) > account.issuedAt) return answer;
  if (refreshToken === null || (account.hasRefreshToken && followsStored !== true)) return null;
  const missing = missingScopes(account.askedScopes, account.grantedScopes);
  const worksAgain =
    account.status === 'login_needed' && nextStatus(account, { kind: 'granted', missingScopes: missing });
  const grantExpiresAt = change.grantExpiresAt ?? account.grantExpiresAt;
  return { change: { ...worksAgain, grantExpiresAt }, accessToken: null, refreshToken, idToken: null };
}
